import { useState } from 'react';
import { type CombinedError, useClient } from 'urql';
import { useAction } from '../api/actions';
import { hasCode } from '../api/errors';
import { graphql } from '../api/graphql';
import type { CardData } from '../board/CardTile';
import { CARD_TILE } from '../board/CardTile';
import { Button } from '../ui/Button';
import { Markdown } from '../ui/Markdown';
import { SubmitForm } from '../ui/SubmitForm';
import { TextInput } from '../ui/TextInput';

const UPDATE_CARD = graphql(
  `
  mutation UpdateCard($input: UpdateCardInput!) {
    updateCard(input: $input) { card { id description ...CardTile } }
  }
`,
  [CARD_TILE],
);

const CARD_TEXT = graphql(
  `
  query CardText($cardId: ID!) { card(id: $cardId) { id description ...CardTile } }
`,
  [CARD_TILE],
);

interface Props {
  card: CardData;
  description: string;
  canEdit: boolean;
}

/** The description, and a form for the title and the description. */
export function CardText({ card, description, canEdit }: Props) {
  const [isEditing, setEditing] = useState(false);
  if (isEditing) return <CardForm {...{ card, description }} onClose={() => setEditing(false)} />;
  return (
    <section aria-label="Description">
      {description ? <Markdown>{description}</Markdown> : <p className="empty">No description.</p>}
      {canEdit && <Button onPress={() => setEditing(true)}>Edit title and description</Button>}
    </section>
  );
}

interface FormProps extends Pick<Props, 'card' | 'description'> {
  onClose: () => void;
}

function CardForm({ card, description, onClose }: FormProps) {
  const client = useClient();
  const update = useAction(UPDATE_CARD);
  // The version that the user has begun with, not the one of a change that has arrived since.
  const [begun, setBegun] = useState({ version: card.version, title: card.title, description });
  const [theirs, setTheirs] = useState<{ title: string; description: string }>();

  async function save(values: Record<string, string>): Promise<CombinedError | undefined> {
    const { title, description: text } = values;
    const { error } = await update({ cardId: card.id, title, description: text, expectedVersion: begun.version });
    if (!hasCode(error, 'CONFLICT')) {
      if (!error) onClose();
      return error;
    }
    // The user decides: their own text stays in the form, and the next attempt is based on the present version.
    const now = await client.query(CARD_TEXT, { cardId: card.id }, { requestPolicy: 'network-only' }).toPromise();
    if (now.error || !now.data?.card) return now.error;
    const tile = now.data.card as unknown as CardData & { description: string };
    setTheirs({ title: tile.title, description: tile.description });
    setBegun({ ...begun, version: tile.version });
  }

  return (
    <SubmitForm action={theirs ? 'Overwrite' : 'Save'} onSubmit={save} onCancel={onClose}>
      <TextInput label="Title" name="title" defaultValue={begun.title} maxLength={500} isRequired autoFocus />
      <TextInput label="Description" name="description" defaultValue={begun.description} rows={8} hint="Markdown" />
      {theirs && (
        <div className="message" role="alert">
          <p>Somebody else has changed this card in the meantime. Their text is:</p>
          <p>
            <strong>{theirs.title}</strong>
          </p>
          <Markdown>{theirs.description}</Markdown>
        </div>
      )}
    </SubmitForm>
  );
}
