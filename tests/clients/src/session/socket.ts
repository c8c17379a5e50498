import { createClient } from 'graphql-ws';
import { type Session, SessionEnded } from './session.js';

const REFUSED = 4403;

/** A WebSocket for subscriptions. A new connection uses the access token of that time. */
export function createSocket(session: Session) {
  let sent: string | undefined;
  let isRefused = false;
  return createClient({
    url: session.url.replace(/^http/, 'ws'),
    connectionParams: async () => {
      sent = isRefused && sent ? await session.refresh(sent) : session.accessToken;
      isRefused = false;
      return { authorization: `Bearer ${sent}` };
    },
    shouldRetry: (problem) => !(problem instanceof SessionEnded),
    retryAttempts: Infinity,
    on: {
      closed: (event) => {
        isRefused = (event as CloseEvent).code === REFUSED;
      },
    },
  });
}
