import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import { toAsyncIterable } from 'wonka';
import { BOARD_EVENTS } from './documents.mjs';
import { connect as connectSocket } from './graphql_ws.mjs';

/** Subscriptions use a WebSocket, queries and mutations use HTTP. */
export function connect(url, session) {
  const socket = connectSocket(url, session);
  const forwardSubscription = (request) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? '' }, sink) }),
  });
  const exchanges = [authExchange(authorize(session)), fetchExchange, subscriptionExchange({ forwardSubscription })];
  return new Client({ url: url.replace(/^ws/, 'http'), exchanges });
}

const authorize = (session) => async ({ appendHeaders }) => {
  let token = await session.accessToken();
  return {
    addAuthToOperation: (operation) => appendHeaders(operation, { Authorization: `Bearer ${token}` }),
    didAuthError: (error) => error.graphQLErrors.some(({ extensions }) => extensions.code === 'UNAUTHENTICATED'),
    async refreshAuth() {
      session.refuse();
      token = await session.accessToken();
    },
  };
};

/** Fetches the board for a copy. */
export const query = (client) => async (document, variables) => {
  const { data, error } = await client.query(document, variables, { requestPolicy: 'network-only' });
  if (error) throw error;
  return data;
};

/** Ends when the user may no longer see the board. */
export async function follow(client, copy) {
  const variables = { boardId: copy.boardId, afterSequence: copy.sequence };
  for await (const { data, error } of toAsyncIterable(client.subscription(BOARD_EVENTS, variables))) {
    if (error) throw error;
    await copy.apply(data.boardEvents);
  }
}
