import { HttpLink } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { authorizedFetch } from '../session/authorized_fetch.js';
import type { Session } from '../session/session.js';

/** Sends the hash of a document, and its text only if the server asks for it. */
export const createLink = (session: Session) =>
  new PersistedQueryLink({ sha256 }).concat(new HttpLink({ uri: session.url, fetch: authorizedFetch(session) }));

async function sha256(text: string) {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
