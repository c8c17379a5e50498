// The WebSocket for subscriptions. See docs/live.md.

import { type Client, createClient } from 'graphql-ws';
import { renewToken } from './authorize';
import { setLost } from './connectionState';
import { GRAPHQL_URL } from './endpoint';
import { session } from './session';
import { waitToRetry } from './wait';

/** The close code for an access token that the server refuses. */
const REFUSED = 4403;
const PING_INTERVAL = 10_000;
const PONG_LIMIT = 5_000;

export function createSocket(): Client {
  let sent: string | undefined;
  let isRefused = false;
  let timeout: ReturnType<typeof setTimeout>;
  const socket = createClient({
    url: GRAPHQL_URL.replace(/^http/, 'ws'),
    async connectionParams() {
      if (isRefused && sent) await renewToken(sent);
      isRefused = false;
      sent = session.accessToken;
      return sent ? { authorization: `Bearer ${sent}` } : {};
    },
    // Also if the server cannot be reached, for instance because it restarts.
    shouldRetry: () => true,
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
