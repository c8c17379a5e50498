import { type FormEvent, useState } from 'react';
import { Form } from 'react-aria-components';
import { type CardColumn, graphql } from '../api/graphql';
import { Button } from '../ui/Button';
import { TextInput } from '../ui/TextInput';
import { useNotifyingAction } from '../ui/useNotifyingAction';
import { CARD_TILE } from './CardTile';

const CREATE_CARD = graphql(
  `
  mutation CreateCard($input: CreateCardInput!) {
    createCard(input: $input) { card { id ...CardTile } }
  }
`,
  [CARD_TILE],
);

interface Props {
  boardId: string;
  column: CardColumn;
  columnName: string;
}

/** Adds cards at the foot of a column. The field stays open for the next card. */
export function NewCard({ boardId, column, columnName }: Props) {
  const [isOpen, setOpen] = useState(false);
  const [title, setTitle] = useState('');
  const create = useNotifyingAction(CREATE_CARD);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!title.trim()) return;
    setTitle('');
    // The text comes back if it could not be saved, unless the next one is written already.
    if (!(await create({ boardId, card: { title, column } }))) setTitle((next) => next || title);
  }

  if (!isOpen) {
    return (
      <Button kind="quiet" className="add-card" aria-label={`Add a card to ${columnName}`} onPress={() => setOpen(true)}>
        + Add card
      </Button>
    );
  }
  return (
    <Form className="new-card" onSubmit={submit}>
      <TextInput
        label={`New card in ${columnName}`}
        isLabelHidden
        placeholder="Title of the card"
        value={title}
        onChange={setTitle}
        onKeyDown={({ key }) => key === 'Escape' && setOpen(false)}
        maxLength={500}
        autoFocus
      />
      <div className="buttons">
        <Button onPress={() => setOpen(false)}>Cancel</Button>
        <Button kind="primary" type="submit">
          Add card
        </Button>
      </div>
    </Form>
  );
}
