// What live events change in lists. Objects in an event change by themselves. See docs/live.md.

import type { Cache } from '@urql/exchange-graphcache';
import { addToList, forgetList, removeFromList } from './lists';
import type { Positioned, Positions } from './positions';

interface Event {
  __typename: string;
  cardId?: string;
  card?: Positioned | null;
  cards?: Positioned[] | null;
  commentId?: string;
  comment?: { id: string } | null;
}

export function applyEvents(cache: Cache, positions: Positions, boardId: string, payload: { events: Event[] }) {
  const board = { __typename: 'Board', id: boardId };
  for (const event of payload.events) {
    applyEvent(cache, board, event);
    for (const card of [event.card ?? [], event.cards ?? []].flat()) positions.note(card);
    if (event.cardId) forgetList(cache, { __typename: 'Card', id: event.cardId }, 'activity');
  }
  if (payload.events.length > 0) forgetList(cache, board, 'activity');
}

function applyEvent(cache: Cache, board: { __typename: string; id: string }, event: Event) {
  const card = { __typename: 'Card', id: event.cardId ?? null };
  switch (event.__typename) {
    case 'CardRestoredEvent':
    case 'CardCreatedEvent':
    case 'CardUpdatedEvent':
    case 'CardMovedEvent':
    case 'CardLabelsChangedEvent':
      // Null if the card was deleted later. Its CardDeletedEvent will follow.
      if (event.card) addToList(cache, board, 'cards', `Card:${event.card.id}`);
      if (event.__typename === 'CardRestoredEvent') forgetList(cache, board, 'deletedCards');
      return;
    case 'CardDeletedEvent':
      removeFromList(cache, board, 'cards', `Card:${event.cardId}`);
      forgetList(cache, board, 'deletedCards');
      return;
    case 'CardsPurgedEvent':
      forgetList(cache, board, 'deletedCards');
      return;
    case 'CommentAddedEvent':
      if (event.comment) addToList(cache, card, 'comments', `Comment:${event.comment.id}`);
      return;
    case 'CommentDeletedEvent':
      removeFromList(cache, card, 'comments', `Comment:${event.commentId}`);
      return;
    case 'MemberAddedEvent':
    case 'MemberRoleChangedEvent':
    case 'MemberRemovedEvent':
      forgetList(cache, board, 'members');
      return;
  }
}

interface Boards {
  boards: { id: string }[];
  removedBoardIds: string[];
}

export function applyBoards(cache: Cache, { boards, removedBoardIds }: Boards) {
  for (const { id } of boards) addToList(cache, 'Query', 'boards', `Board:${id}`);
  for (const id of removedBoardIds) removeFromList(cache, 'Query', 'boards', `Board:${id}`);
}
