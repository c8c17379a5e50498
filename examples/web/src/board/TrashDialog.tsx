import { useQuery } from 'urql';
import { graphql } from '../api/graphql';
import { Dialog } from '../ui/Dialog';
import { TrashList } from '../ui/TrashList';
import { useNotifyingAction } from '../ui/useNotifyingAction';
import { CARD_TILE } from './CardTile';

const DELETED_CARDS = graphql(`
  query DeletedCards($boardId: ID!) {
    board(id: $boardId) {
      id
      deletedCards(first: 1000) { nodes { id title deletedAt } }
    }
  }
`);

const RESTORE_CARD = graphql(
  `
  mutation RestoreCard($input: RestoreCardInput!) {
    restoreCard(input: $input) { card { id deletedAt board { id } ...CardTile } }
  }
`,
  [CARD_TILE],
);

/** The deleted cards of the board. The API has no way to erase them: the server does that after some time. */
export function TrashDialog({ boardId, onClose }: { boardId: string; onClose: () => void }) {
  const [{ data }] = useQuery({ query: DELETED_CARDS, variables: { boardId }, requestPolicy: 'cache-and-network' });
  const restore = useNotifyingAction(RESTORE_CARD);
  return (
    <Dialog title="Trash" onClose={onClose}>
      <p className="hint">The server erases deleted cards after some time, usually 30 days.</p>
      <TrashList
        label="Deleted cards"
        items={data && (data.board?.deletedCards.nodes ?? [])}
        onRestore={(cardId) => void restore({ cardId })}
      />
    </Dialog>
  );
}
