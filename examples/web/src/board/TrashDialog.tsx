import { useQuery } from 'urql';
import { graphql } from '../api/graphql';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { Time } from '../ui/Time';
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
  const cards = data?.board?.deletedCards.nodes ?? [];
  return (
    <Dialog title="Trash" onClose={onClose}>
      <p className="hint">The server erases deleted cards after some time, usually 30 days.</p>
      {data && cards.length === 0 && <p className="empty">The trash is empty.</p>}
      <ul className="rows" aria-label="Deleted cards">
        {cards.map(({ id, title, deletedAt }) => (
          <li key={id}>
            <span className="grow">
              {title} <small>{deletedAt && <Time at={deletedAt} />}</small>
            </span>
            <Button aria-label={`Restore ${title}`} onPress={() => restore({ cardId: id })}>
              Restore
            </Button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
