import { type Cache, cacheExchange, type Entity, type UpdateResolver } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { CARD_PARTS, type CREATE_CARD, type MOVE_CARD } from '../tada/documents.js';
import type { ResultOf, VariablesOf } from '../tada/graphql.js';
import schema from './schema.json' with { type: 'json' };

type Update<Mutation> = UpdateResolver<ResultOf<Mutation>, VariablesOf<Mutation>>;
type Edge = { cursor: string };
type CardColumn = ResultOf<typeof CARD_PARTS>['column'];

const list = relayPagination();

export const createCache = () =>
  cacheExchange({
    schema: schema as never,
    keys: {
      // Types without `id`. An edge has the same cursor in a list and in the payload of a mutation.
      CardEdge: ({ cursor }) => cursor as string,
      FieldChange: () => null,
    },
    resolvers: {
      Query: { boards: list, cards: list, deletedBoards: list, sessions: list },
      Board: { cards: list, members: list, activity: list, deletedCards: list },
      BoardColumn: { cards: list },
      Card: { comments: list, activity: list },
    },
    updates: { Mutation: { createCard, moveCard } },
    optimistic: {
      moveCard({ input }: VariablesOf<typeof MOVE_CARD>, cache) {
        const card = cache.readFragment(CARD_PARTS, { __typename: 'Card', id: input.cardId });
        const node = { ...card, column: input.column } as never;
        const cardEdge = { __typename: 'CardEdge', cursor: `moving ${input.cardId}`, node };
        return { __typename: 'MoveCardPayload', cardEdge };
      },
    },
  });

const createCard = ((result, { input }, cache) => {
  if (!result.createCard) return;
  const { cardEdge } = result.createCard;
  const board = { __typename: 'Board', id: input.boardId };
  setEdges(cache, board, { cardId: cardEdge.node.id, column: cardEdge.node.column, edge: cardEdge });
}) as Update<typeof CREATE_CARD> as UpdateResolver;

const moveCard = ((result, { input: { cardId, column } }, cache) => {
  if (!result.moveCard) return;
  const board = cache.resolve({ __typename: 'Card', id: cardId }, 'board') as string;
  setEdges(cache, board, { cardId, column, edge: result.moveCard.cardEdge });
}) as Update<typeof MOVE_CARD> as UpdateResolver;

/** Takes a card out of its column, and puts it at the end of another one. */
function setEdges(cache: Cache, board: Entity, to: { cardId: string; column: CardColumn; edge: Edge }) {
  const card = cache.keyOfEntity({ __typename: 'Card', id: to.cardId });
  const added = cache.keyOfEntity({ __typename: 'CardEdge', cursor: to.edge.cursor });
  for (const column of cache.resolve(board, 'columns') as string[]) {
    const isTarget = cache.resolve(column, 'column') === to.column;
    for (const { fieldKey, fieldName, arguments: given } of cache.inspectFields(column)) {
      if (fieldName !== 'cards') continue;
      // A list with a filter is fetched again.
      if (given?.filter) cache.invalidate(column, 'cards', given);
      else setPage(cache, cache.resolve(column, fieldKey) as string, card, isTarget ? added : null);
    }
  }
}

function setPage(cache: Cache, page: string, card: string | null, added: string | null) {
  const edges = (cache.resolve(page, 'edges') as string[]).filter((edge) => cache.resolve(edge, 'node') !== card);
  const isLast = !cache.resolve(cache.resolve(page, 'pageInfo') as string, 'hasNextPage');
  cache.link(page, 'edges', added && isLast ? [...edges, added] : edges);
}
