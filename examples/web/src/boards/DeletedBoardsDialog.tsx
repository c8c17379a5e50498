import { useQuery } from 'urql';
import { graphql } from '../api/graphql';
import { Dialog } from '../ui/Dialog';
import { TrashList } from '../ui/TrashList';
import { useNotifyingAction } from '../ui/useNotifyingAction';
import { BOARD_TILE } from './BoardTile';

const DELETED_BOARDS = graphql(`
  query DeletedBoards {
    deletedBoards(first: 200) {
      nodes { id title deletedAt }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

const RESTORE_BOARD = graphql(
  `
  mutation RestoreBoard($input: RestoreBoardInput!) {
    restoreBoard(input: $input) { board { id createdAt deletedAt ...BoardTile } }
  }
`,
  [BOARD_TILE],
);

/** The deleted boards of which the user is an ADMIN. */
export function DeletedBoardsDialog({ onClose }: { onClose: () => void }) {
  const [{ data }] = useQuery({ query: DELETED_BOARDS, requestPolicy: 'cache-and-network' });
  const restore = useNotifyingAction(RESTORE_BOARD);
  return (
    <Dialog title="Deleted boards" onClose={onClose}>
      <TrashList
        label="Deleted boards"
        items={data && (data.deletedBoards?.nodes ?? [])}
        onRestore={(boardId) => void restore({ boardId })}
      />
    </Dialog>
  );
}
