import { InMemoryCache } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
import possible from '../gql/possible_types.js';

const list = relayStylePagination();
const filtered = relayStylePagination(['filter']);
const sorted = relayStylePagination(['filter', 'orderBy']);

export const createCache = () =>
  new InMemoryCache({
    possibleTypes: possible.possibleTypes,
    typePolicies: {
      Query: {
        fields: {
          boards: sorted,
          cards: relayStylePagination(['boardIds', 'filter', 'orderBy']),
          deletedBoards: list,
          sessions: list,
        },
      },
      Board: { fields: { cards: sorted, members: list, activity: list, deletedCards: list } },
      BoardColumn: { fields: { cards: filtered } },
      Card: { fields: { comments: list, activity: list } },
    },
  });
