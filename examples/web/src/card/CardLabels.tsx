import { useState } from 'react';
import { Checkbox } from 'react-aria-components';
import { graphql, type LabelColor, readFragment } from '../api/graphql';
import { CARD_TILE, type CardData } from '../board/CardTile';
import { LabelChip } from '../board/LabelChip';
import { LABEL, type LabelData, labelName } from '../model/labels';
import { useNotifyingAction } from '../ui/useNotifyingAction';

const ADD_LABELS = graphql(
  `
  mutation AddLabels($input: AddLabelsToCardInput!) {
    addLabelsToCard(input: $input) { card { id ...CardTile } }
  }
`,
  [CARD_TILE],
);

const REMOVE_LABELS = graphql(
  `
  mutation RemoveLabels($input: RemoveLabelsFromCardInput!) {
    removeLabelsFromCard(input: $input) { card { id ...CardTile } }
  }
`,
  [CARD_TILE],
);

interface Props {
  card: CardData;
  labels: readonly LabelData[];
  canEdit: boolean;
}

/** The labels of a card: check boxes for those who may change them. */
export function CardLabels({ card, labels, canEdit }: Props) {
  const add = useNotifyingAction(ADD_LABELS);
  const remove = useNotifyingAction(REMOVE_LABELS);
  // What the user has chosen until the server has answered.
  const [chosen, setChosen] = useState<Record<string, boolean | undefined>>({});
  if (!canEdit) {
    return (
      <div className="card-labels">
        {card.labels.map((label) => (
          <LabelChip key={label.id} label={label} />
        ))}
      </div>
    );
  }

  async function choose(id: string, color: LabelColor, isSelected: boolean) {
    setChosen((before) => ({ ...before, [id]: isSelected }));
    await (isSelected ? add : remove)({ cardId: card.id, labels: [color] });
    setChosen((before) => ({ ...before, [id]: undefined }));
  }

  return (
    <fieldset className="label-choice">
      <legend>Labels</legend>
      {readFragment(LABEL, labels).map((label) => (
        <Checkbox
          key={label.id}
          className="checkbox"
          isSelected={chosen[label.id] ?? card.labels.some(({ id }) => id === label.id)}
          onChange={(isSelected) => void choose(label.id, label.color, isSelected)}
        >
          <span className="check" aria-hidden />
          <span className={`swatch ${label.color.toLowerCase()}`} />
          {labelName(label)}
        </Checkbox>
      ))}
    </fieldset>
  );
}
