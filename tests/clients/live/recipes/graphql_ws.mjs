import { createClient } from 'graphql-ws';
import { BOARD_EVENTS } from './documents.mjs';
import { SessionEnded } from './session.mjs';

/** `url` begins with ws:// or wss://. */
export function connect(url, session) {
  let timeout;
  const client = createClient({
    url,
    connectionParams: async () => ({ authorization: `Bearer ${await session.accessToken()}` }),
    shouldRetry: (problem) => !(problem instanceof SessionEnded),
    retryAttempts: Infinity,
    retryWait: (retries) => sleep(Math.min(500 * 2 ** retries, 30_000) * (0.5 + Math.random())),
    keepAlive: 10_000,
    on: {
      // The server must answer a ping within five seconds.
      ping: (isReceived) => {
        if (!isReceived) timeout = setTimeout(() => client.terminate(), 5_000);
      },
      pong: (isReceived) => {
        if (isReceived) clearTimeout(timeout);
      },
      closed: ({ code }) => {
        clearTimeout(timeout);
        if (code === 4403) session.refuse();
      },
    },
  });
  return client;
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Ends when the user may no longer see the board. */
export async function follow(client, copy) {
  const variables = {
    boardId: copy.boardId,
    // A getter, because the client reads it again each time that it subscribes.
    get afterSequence() {
      return copy.sequence;
    },
  };
  for await (const { data, errors } of client.iterate({ query: BOARD_EVENTS, variables })) {
    if (errors) throw new Error(errors[0].message);
    await copy.apply(data.boardEvents);
  }
}
