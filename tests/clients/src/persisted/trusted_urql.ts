import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import { persistedExchange } from '@urql/exchange-persisted';
import type { Session } from '../session/session.js';
import { createSocket } from '../session/socket.js';
import { authorize } from '../urql/authorize.js';

/** Sends the IDs that graphql-codegen has put into the documents. */
export function createClient(session: Session) {
  const socket = createSocket(session);
  return new Client({
    url: session.url,
    exchanges: [
      authExchange(authorize(session)),
      persistedExchange({
        enforcePersistedQueries: true,
        enableForMutation: true,
        enableForSubscriptions: true,
        generateHash: async (_, document) => (document as { __meta__?: { hash: string } }).__meta__!.hash,
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables, extensions }) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ query, variables: variables as Record<string, unknown>, extensions }, sink as never),
          }),
        }),
      }),
    ],
  });
}
