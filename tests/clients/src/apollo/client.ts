import { ApolloClient, ApolloLink, HttpLink } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { RetryLink } from '@apollo/client/link/retry';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { tap } from 'rxjs';
import type { ErrorCode } from '../gql/enums.js';
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
  const retryIf = (error: unknown, operation: ApolloLink.Operation) =>
    (error instanceof TypeError || CombinedGraphQLErrors.is(error)) && isSafe(operation);
  return new RetryLink({ delay: { initial: 300, jitter: true }, attempts: { max: 5, retryIf } }).concat(failIfBusy);
}

const BUSY: ErrorCode = 'SERVICE_UNAVAILABLE';

/** `RetryLink` sees no errors in responses: throws those of a busy server, or if a mutation may have taken effect. */
const failIfBusy = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    tap((result) => {
      const isBusy = result.errors?.some(({ extensions }) => extensions?.code === BUSY || extensions?.outcome === 'UNKNOWN');
      if (isBusy) throw new CombinedGraphQLErrors(result);
    }),
  ),
);
