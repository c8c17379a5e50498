import type { Client, CombinedError } from 'urql';
import { onEnd, pipe, subscribe } from 'wonka';
import type { ResultOf } from '../api/graphql';
import { session } from '../api/session';
import { BOARD_EVENTS } from './documents';

type Payload = ResultOf<typeof BOARD_EVENTS>['boardEvents'];
type Event = Payload['events'][number];

interface Handlers {
  /** The board in the cache is up to date. */
  onOpen: () => void;
  /** The board must be fetched again. */
  onReset: () => void;
  /** The user may no longer see the board. */
  onClose: (text: string) => void;
  onError: (error: CombinedError) => void;
}

/** Writes the events of the board to the cache. Returns a function that ends it. */
export function followBoard(client: Client, boardId: string, version: number, handlers: Handlers) {
  let isOpen = true;
  let last: Event | undefined;
  const payloads = pipe(
    client.subscription(BOARD_EVENTS, { boardId, afterSequence: version }),
    // A lost connection never ends it: the socket connects again.
    onEnd(() => {
      if (isOpen) handlers.onClose(reasonOf(last));
    }),
    subscribe(({ data, error }) => {
      if (error) {
        isOpen = false;
        return handlers.onError(error);
      }
      last = data?.boardEvents.events.at(-1) ?? last;
      if (!data) return;
      handlers.onOpen();
      if (needsReset(data.boardEvents)) handlers.onReset();
    }),
  );
  return () => {
    isOpen = false;
    payloads.unsubscribe();
  };
}

/** Besides `reset`: the cards of a large column have new ranks, or the board has other labels, which is rare. */
const needsReset = ({ reset, events }: Payload) =>
  reset ||
  events.some(
    (event) =>
      (event.__typename === 'ColumnReorderedEvent' && !event.cards) ||
      event.__typename === 'LabelCreatedEvent' ||
      event.__typename === 'LabelDeletedEvent',
  );

/** The last event is the one that took the board away. */
function reasonOf(event?: Event) {
  if (event?.__typename === 'BoardDeletedEvent') return `${event.actor?.name ?? 'Somebody'} has deleted this board.`;
  if (event?.__typename === 'MemberRemovedEvent' && event.userId === session.userId) {
    return event.reason === 'LEFT' ? 'You have left this board.' : `${event.actor?.name ?? 'Somebody'} has removed you from this board.`;
  }
  return 'You may no longer see this board.';
}
