// What a mutation changes in lists. Objects in its payload change by themselves.

import type { Cache, UpdateResolver, UpdatesConfig } from '@urql/exchange-graphcache';
import { addToList, forgetList, removeFromList } from './lists';
import type { Positioned, Positions } from './positions';

interface Input {
  boardId: string;
  cardId: string;
  commentId: string;
}

interface Payload {
  board: { id: string };
  card: Positioned & { board: { id: string } };
  comment: { id: string };
}

type Update = (cache: Cache, input: Input, payload: Payload) => void;

/** Calls the update if the mutation has succeeded. */
const ifDone = (update: Update): UpdateResolver =>
  ((result: Record<string, Payload | null>, { input }: { input: Input }, cache: Cache, { fieldName }: { fieldName: string }) => {
    const payload = result[fieldName];
    if (payload) update(cache, input, payload);
  }) as never;

const board = (id: string) => ({ __typename: 'Board', id });
const card = (id: string) => ({ __typename: 'Card', id });

export const mutationUpdates = (positions: Positions): UpdatesConfig['Mutation'] => ({
  createBoard: ifDone((cache, _, payload) => addToList(cache, 'Query', 'boards', `Board:${payload.board.id}`)),
  restoreBoard: ifDone((cache, _, payload) => {
    addToList(cache, 'Query', 'boards', `Board:${payload.board.id}`);
    forgetList(cache, 'Query', 'deletedBoards');
  }),
  deleteBoard: ifDone((cache, { boardId }) => {
    removeFromList(cache, 'Query', 'boards', `Board:${boardId}`);
    forgetList(cache, 'Query', 'deletedBoards');
  }),
  createCard: ifDone((cache, { boardId }, payload) =>
    addToList(cache, board(boardId), 'cards', `Card:${payload.card.id}`),
  ),
  moveCard: ifDone((cache, _, payload) => positions.keepNewest(cache, payload.card)),
  deleteCard: ifDone((cache, { cardId }, payload) => {
    removeFromList(cache, board(payload.board.id), 'cards', `Card:${cardId}`);
    forgetList(cache, board(payload.board.id), 'deletedCards');
  }),
  restoreCard: ifDone((cache, { cardId }, payload) => {
    addToList(cache, board(payload.card.board.id), 'cards', `Card:${cardId}`);
    forgetList(cache, board(payload.card.board.id), 'deletedCards');
  }),
  addComment: ifDone((cache, { cardId }, payload) =>
    addToList(cache, card(cardId), 'comments', `Comment:${payload.comment.id}`),
  ),
  deleteComment: ifDone((cache, { commentId }, payload) =>
    removeFromList(cache, card(payload.card.id), 'comments', `Comment:${commentId}`),
  ),
  shareBoard: ifDone((cache, { boardId }) => forgetList(cache, board(boardId), 'members')),
  unshareBoard: ifDone((cache, { boardId }) => forgetList(cache, board(boardId), 'members')),
});
