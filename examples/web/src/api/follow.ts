// Passes subscriptions to the WebSocket. After a lost connection they resume behind the latest payload.

import type { Client, ExecutionResult } from 'graphql-ws';
import type { SubscriptionForwarder } from 'urql';

interface Payload {
  boardEvents?: { sequence: number };
}

export const followWith =
  (socket: Client): SubscriptionForwarder =>
  ({ query = '', variables = {} }) => ({
    subscribe(sink) {
      const latest = { ...variables } as Record<string, unknown>;
      const unsubscribe = socket.subscribe<Payload>(
        // graphql-ws sends these again, as they are at that time, each time that it connects.
        { query, variables: latest },
        {
          next(result: ExecutionResult<Payload>) {
            const sequence = result.data?.boardEvents?.sequence;
            if (sequence !== undefined) latest.afterSequence = sequence;
            sink.next(result as never);
          },
          error: (problem) => sink.error(problem),
          complete: () => sink.complete(),
        },
      );
      return { unsubscribe };
    },
  });
