import { authExchange } from '@urql/exchange-auth';
import { retryExchange } from '@urql/exchange-retry';
import { Client, fetchExchange, type Operation, subscriptionExchange } from 'urql';
import { authorize } from './authorize';
import { createCache } from './cache';
import { GRAPHQL_URL } from './endpoint';
import { isTemporary } from './errors';
import { followWith } from './follow';
import { createSocket } from './socket';

/** Queries and mutations use HTTP, subscriptions a WebSocket. Each user needs a client, because it has the cache. */
export function createClient() {
  const socket = createSocket();
  const client = new Client({
    url: GRAPHQL_URL,
    preferGetMethod: false,
    exchanges: [
      createCache(),
      retryExchange({
        initialDelayMs: 300,
        maxDelayMs: 5_000,
        maxNumberAttempts: 8,
        retryIf: (error, operation) => isTemporary(error) && isSafe(operation),
      }),
      authExchange(authorize),
      fetchExchange,
      subscriptionExchange({ forwardSubscription: followWith(socket) }),
    ],
  });
  // graphql-ws rejects the promise if the socket waits to connect again. Nobody needs the socket any more.
  const dispose = () => void Promise.resolve(socket.dispose()).catch(() => {});
  return { client, dispose };
}

/** Whether the operation may be sent again if it was not answered: no mutation may take effect twice. */
const isSafe = ({ kind, variables }: Operation) => kind === 'query' || Boolean(variables?.input?.clientMutationId);
