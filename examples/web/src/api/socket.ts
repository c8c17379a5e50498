// The WebSocket for subscriptions. See docs/live.md.

import { type Client, createClient } from 'graphql-ws';
import { setLost } from './connection';
import { GRAPHQL_URL } from './endpoint';
import { SessionEnded, session } from './session';

/** The close code for an access token that the server refuses. */
const REFUSED = 4403;
const PING_INTERVAL = 10_000;
const PONG_LIMIT = 5_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

export function createSocket(): Client {
  let sent: string | undefined;
  let isRefused = false;
  let timeout: ReturnType<typeof setTimeout>;
  const socket = createClient({
    url: GRAPHQL_URL.replace(/^http/, 'ws'),
    async connectionParams() {
      sent = isRefused && sent ? await session.refresh(sent) : session.accessToken;
      isRefused = false;
      return { authorization: `Bearer ${sent}` };
    },
    shouldRetry: (problem) => !(problem instanceof SessionEnded),
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: waitToRetry,
    keepAlive: PING_INTERVAL,
    on: {
      connected: () => setLost(false),
      // A connection that is silent looks open. So the server must answer a ping.
      ping: (isReceived) => {
        if (!isReceived) timeout = setTimeout(() => socket.terminate(), PONG_LIMIT);
      },
      pong: (isReceived) => {
        if (isReceived) clearTimeout(timeout);
      },
      closed: (event) => {
        clearTimeout(timeout);
        const { code, wasClean } = event as CloseEvent;
        isRefused = code === REFUSED;
        // 1000: nothing is followed any more. A refused token is replaced at once.
        if (code !== 1000 && !(isRefused && wasClean)) setLost(true);
      },
    },
  });
  return socket;
}

/** A random time that grows with each attempt. It ends when the browser is online again. */
function waitToRetry(retries: number): Promise<void> {
  const wait = Math.min(FIRST_WAIT * 2 ** retries, LONGEST_WAIT) * (0.5 + Math.random());
  return new Promise((done) => {
    const timer = setTimeout(finish, wait);
    window.addEventListener('online', finish);
    function finish() {
      clearTimeout(timer);
      window.removeEventListener('online', finish);
      done();
    }
  });
}
