import type { OptimisticMutationResolver } from '@urql/exchange-graphcache';
import type { CardColumn } from './graphql';

interface MoveInput {
  cardId: string;
  column: CardColumn;
  beforeCardId?: string | null;
  afterCardId?: string | null;
}

/** The version of a card while the server has not answered to its move. */
export const MOVING = 0;

/** Shows a card at its new position before the server has answered. If the move fails, the cache takes that back. */
export const moveCard: OptimisticMutationResolver = (args, cache) => {
  const { cardId, column, beforeCardId, afterCardId } = (args as { input: MoveInput }).input;
  const above = afterCardId ? (cache.resolve({ __typename: 'Card', id: afterCardId }, 'rank') as string) : '';
  const rank = above || beforeCardId ? provisionalRank(above) : LAST;
  return { __typename: 'MoveCardPayload', card: { __typename: 'Card', id: cardId, column, rank, version: MOVING } };
};

/** Ranks consist of digits and letters. This sorts behind all of them. */
const LAST = '~';

/** Directly behind the rank of the card above: `!` sorts before digits and letters. */
const provisionalRank = (above: string) => `${above}!`;
