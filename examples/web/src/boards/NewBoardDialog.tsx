import { useLocation } from 'wouter';
import { useAction } from '../api/actions';
import { graphql } from '../api/graphql';
import { Dialog } from '../ui/Dialog';
import { SubmitForm } from '../ui/SubmitForm';
import { TextInput } from '../ui/TextInput';
import { BOARD_TILE } from './BoardTile';

const CREATE_BOARD = graphql(
  `
  mutation CreateBoard($input: CreateBoardInput!) {
    createBoard(input: $input) { board { id createdAt ...BoardTile } }
  }
`,
  [BOARD_TILE],
);

/** Creates a board and opens it. */
export function NewBoardDialog({ onClose }: { onClose: () => void }) {
  const create = useAction(CREATE_BOARD);
  const [, go] = useLocation();
  async function save({ title = '' }: Record<string, string>) {
    const { data, error } = await create({ title });
    if (data?.createBoard) go(`/boards/${data.createBoard.board.id}`);
    return error;
  }
  return (
    <Dialog title="New board" onClose={onClose}>
      <SubmitForm action="Create board" onSubmit={save} onCancel={onClose}>
        <TextInput label="Title" name="title" maxLength={500} isRequired autoFocus />
      </SubmitForm>
    </Dialog>
  );
}
