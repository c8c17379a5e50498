import { useQuery } from 'urql';
import { graphql } from '../api/graphql';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { useNotifyingAction } from '../ui/useNotifyingAction';
import { Time } from '../ui/Time';
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
  const boards = data?.deletedBoards.nodes ?? [];
  return (
    <Dialog title="Deleted boards" onClose={onClose}>
      {data && boards.length === 0 && <p className="empty">The trash is empty.</p>}
      <ul className="rows" aria-label="Deleted boards">
        {boards.map(({ id, title, deletedAt }) => (
          <li key={id}>
            <span className="grow">
              {title} <small>{deletedAt && <Time at={deletedAt} />}</small>
            </span>
            <Button aria-label={`Restore ${title}`} onPress={() => restore({ boardId: id })}>
              Restore
            </Button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
