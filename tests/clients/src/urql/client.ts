import { Client, type CombinedError, fetchExchange, type Operation, subscriptionExchange } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import { retryExchange } from '@urql/exchange-retry';
import type { Session } from '../session/session.js';
import { createSocket } from '../session/socket.js';
import type { ErrorCode } from '../tada/graphql.js';
import { authorize } from './authorize.js';
import { createCache } from './cache.js';

/** Subscriptions use a WebSocket, queries and mutations use HTTP. */
export function createClient(session: Session) {
  const socket = createSocket(session);
  return new Client({
    url: session.url,
    preferGetMethod: false,
    exchanges: [
      createCache(),
      retryExchange({
        initialDelayMs: 300,
        retryIf: (error, operation) => isTemporary(error) && isSafe(operation),
      }),
      authExchange(authorize(session)),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ query, variables: variables as Record<string, unknown> }, sink as never),
          }),
        }),
      }),
    ],
  });
}

const BUSY: ErrorCode = 'SERVICE_UNAVAILABLE';

/** Whether the connection was cut, or the server is busy, or it does not know if the mutation took effect. */
const isTemporary = ({ networkError, graphQLErrors }: CombinedError) =>
  Boolean(networkError) ||
  graphQLErrors.some(({ extensions: { code, outcome } }) => code === BUSY || outcome === 'UNKNOWN');

/** Whether the operation may be sent again if it was not answered: no mutation may take effect twice. */
const isSafe = ({ kind, variables }: Operation) => kind === 'query' || Boolean(variables?.input?.clientMutationId);
