import { ApolloClient, ApolloLink, HttpLink } from '@apollo/client';
import { RetryLink } from '@apollo/client/link/retry';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { authorizedFetch } from '../session/authorized_fetch.js';
import type { Session } from '../session/session.js';
import { createSocket } from '../session/socket.js';
import { createCache } from './cache.js';

/** Subscriptions use a WebSocket, queries and mutations use HTTP. */
export function createClient(session: Session) {
  const http = new HttpLink({ uri: session.url, fetch: authorizedFetch(session) });
  const socket = new GraphQLWsLink(createSocket(session));
  const isSubscription = ({ operationType }: ApolloLink.Operation) => operationType === OperationTypeNode.SUBSCRIPTION;
  return new ApolloClient({
    link: ApolloLink.split(isSubscription, socket, retry().concat(http)),
    cache: createCache(),
  });
}

/** Sends again what was not answered, but no mutation that would then take effect twice. */
function retry() {
  const isSafe = ({ operationType, variables }: ApolloLink.Operation) =>
    operationType === OperationTypeNode.QUERY || Boolean(variables.input?.clientMutationId);
  // `fetch` throws a TypeError when no answer arrived.
  const retryIf = (error: unknown, operation: ApolloLink.Operation) => error instanceof TypeError && isSafe(operation);
  return new RetryLink({ delay: { initial: 300, jitter: true }, attempts: { max: 5, retryIf } });
}
