import { createClient, NetworkError } from 'graphql-sse';
import { BOARD_EVENTS } from './documents.mjs';
import { SessionEnded } from './session.mjs';

/** `url` begins with http:// or https://. */
export function connect(url, session) {
  return createClient({
    url,
    headers: async () => ({ Authorization: `Bearer ${await accessToken(session)}` }),
    fetchFn: async (...request) => {
      const response = await fetch(...request);
      if (response.status === 401) session.refuse();
      return response;
    },
    retryAttempts: Infinity,
    retry: (retries) => sleep(Math.min(500 * 2 ** retries, 30_000) * (0.5 + Math.random())),
  });
}

/** The client retries only a NetworkError, and no other error of `headers`. */
async function accessToken(session) {
  try {
    return await session.accessToken();
  } catch (error) {
    throw error instanceof SessionEnded ? error : new NetworkError(error);
  }
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
