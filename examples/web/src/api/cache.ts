// The cache has each object once. What is shown is read from it, so a changed object changes everywhere.

import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import schema from '../generated/schema.json';
import { applyBoards, applyEvents } from './events';
import { forgetLaterPages } from './lists';
import { moveCard } from './move';
import { mutationUpdates } from './mutations';
import { Positions } from './positions';

const pages = relayPagination();
const isEmbedded = () => null;

export function createCache() {
  const positions = new Positions();
  return cacheExchange({
    schema: schema as never,
    // Objects without an ID are a part of the object above them.
    keys: { FieldChange: isEmbedded, BoardEventsPayload: isEmbedded, ViewerBoardsPayload: isEmbedded },
    resolvers: {
      Query: { boards: pages, deletedBoards: pages },
      Board: { cards: pages, activity: pages, deletedCards: pages, members: pages },
      Card: { comments: pages, activity: pages },
    },
    optimistic: { moveCard },
    updates: {
      Board: {
        cards: (board, { after, filter }, cache) => void (after || filter || forgetLaterPages(cache, board as never, 'cards')),
      },
      Query: {
        boards: (_, { after }, cache) => void (after || forgetLaterPages(cache, 'Query', 'boards')),
      },
      Mutation: mutationUpdates(positions),
      Subscription: {
        boardEvents: ({ boardEvents }, { boardId }, cache) =>
          applyEvents(cache, positions, boardId as string, boardEvents as never),
        viewerBoards: ({ viewerBoards }, _, cache) => applyBoards(cache, viewerBoards as never),
      },
    },
  });
}
