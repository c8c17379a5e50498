import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { toAsyncIterable } from 'wonka';
import { BOARD_EVENTS } from './documents.mjs';
import { connect as connectSocket } from './graphql_ws.mjs';

/** Subscriptions use a WebSocket. Queries and mutations use HTTP. */
export function connect(url, session) {
  const socket = connectSocket(url, session);
  const forwardSubscription = (request) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? '' }, sink) }),
  });
  return new Client({
    url: url.replace(/^ws/, 'http'),
    exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription })],
  });
}

/** Ends when the user may no longer see the board. */
export async function follow(client, copy) {
  const variables = { boardId: copy.boardId, afterSequence: copy.sequence };
  for await (const { data, error } of toAsyncIterable(client.subscription(BOARD_EVENTS, variables))) {
    if (error) throw error;
    await copy.apply(data.boardEvents);
  }
}
