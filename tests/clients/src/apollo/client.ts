import { ApolloClient, ApolloLink, HttpLink } from '@apollo/client';
import { RetryLink } from '@apollo/client/link/retry';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { catchError, of, tap, throwError } from 'rxjs';
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
    (error instanceof TypeError || error instanceof Busy) && isSafe(operation);
  const link = new RetryLink({ delay: { initial: 300, jitter: true }, attempts: { max: 5, retryIf } });
  return ApolloLink.from([resultOfBusy, link, failIfBusy]);
}

/** `RetryLink` sees no errors in results. So a result is thrown if the server was busy, or a change may have happened. */
class Busy extends Error {
  constructor(readonly result: ApolloLink.Result) {
    super();
  }
}

const BUSY: ErrorCode = 'SERVICE_UNAVAILABLE';

const isBusy = ({ errors }: ApolloLink.Result) =>
  errors?.some(({ extensions }) => extensions?.code === BUSY || extensions?.outcome === 'UNKNOWN');

const failIfBusy = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    tap((result) => {
      if (isBusy(result)) throw new Busy(result);
    }),
  ),
);

/** When it is not sent again any more, the result is what it was: it may have data too. */
const resultOfBusy = new ApolloLink((operation, forward) =>
  forward(operation).pipe(catchError((error) => (error instanceof Busy ? of(error.result) : throwError(() => error)))),
);
