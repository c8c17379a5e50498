import { Checkbox } from 'react-aria-components';
import { graphql, readFragment } from '../api/graphql';
import { CARD_TILE, type CardData } from '../board/CardTile';
import { LABEL, LabelChip, type LabelData, labelName } from '../board/labels';
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
  if (!canEdit) {
    return (
      <div className="card-labels">
        {card.labels.map((label) => (
          <LabelChip key={label.id} label={label} />
        ))}
      </div>
    );
  }
  return (
    <fieldset className="label-choice">
      <legend>Labels</legend>
      {readFragment(LABEL, labels).map((label) => (
        <Checkbox
          key={label.id}
          className="checkbox"
          isSelected={card.labels.some(({ id }) => id === label.id)}
          onChange={(isSelected) => void (isSelected ? add : remove)({ cardId: card.id, labels: [label.color] })}
        >
          <span className="check" aria-hidden />
          <span className={`swatch ${label.color.toLowerCase()}`} />
          {labelName(label)}
        </Checkbox>
      ))}
    </fieldset>
  );
}
