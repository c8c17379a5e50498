// The session of the user, which all tabs of the browser share. See docs/authentication.md.

import { GRAPHQL_URL } from './endpoint';

const NAME = 'kanban-session';

/** How long the lock is kept after the new tokens are stored, in milliseconds. */
const STORAGE_DELAY = 100;

const REFRESH = `mutation($input: RefreshSessionInput!) {
  refreshSession(input: $input) { accessToken refreshToken }
}`;

interface Tokens {
  accessToken: string;
  refreshToken: string;
}

interface Stored extends Tokens {
  userId: string;
}

/** The user must log in again. */
export class SessionEnded extends Error {}

class Session {
  /** Whether the session has ended although the user did not log out here. */
  hasExpired = false;
  #listeners = new Set<() => void>();

  constructor() {
    // Another tab has logged in, logged out, or refreshed the session.
    window.addEventListener('storage', ({ key, newValue }) => {
      if (key !== NAME && key !== null) return;
      this.hasExpired = !newValue;
      this.#notify();
    });
  }

  /** Call this with the payload of `logIn`. */
  start(userId: string, { accessToken, refreshToken }: Tokens) {
    localStorage.setItem(NAME, JSON.stringify({ userId, accessToken, refreshToken }));
    this.hasExpired = false;
    this.#notify();
  }

  end({ hasExpired = false } = {}) {
    localStorage.removeItem(NAME);
    this.hasExpired = hasExpired;
    this.#notify();
  }

  /** Nobody is logged in if it is undefined. */
  get userId(): string | undefined {
    return this.#stored?.userId;
  }

  /** Send it with each request. Read it again each time: another tab may have changed it. */
  get accessToken(): string | undefined {
    return this.#stored?.accessToken;
  }

  /** A new access token in place of one that the server has refused. */
  refresh(refused: string): Promise<string> {
    // One caller at a time, over all tabs: a refresh token can be used once.
    return navigator.locks.request(NAME, async () => {
      const stored = this.#stored;
      if (!stored) throw new SessionEnded();
      // Another request, or another tab, was first.
      if (stored.accessToken !== refused) return stored.accessToken;
      const next = await this.#spend(stored.refreshToken);
      this.start(stored.userId, next);
      // Another tab may get the lock a moment before it sees what this one has stored.
      await new Promise((done) => setTimeout(done, STORAGE_DELAY));
      return next.accessToken;
    });
  }

  /** For `useSyncExternalStore`. */
  subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get #stored(): Stored | null {
    return JSON.parse(localStorage.getItem(NAME) ?? 'null');
  }

  #notify() {
    for (const listener of this.#listeners) listener();
  }

  async #spend(refreshToken: string): Promise<Tokens> {
    const body = JSON.stringify({ query: REFRESH, variables: { input: { refreshToken } } });
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
    const response = await fetch(GRAPHQL_URL, { method: 'POST', headers, body });
    const { data, errors } = await response.json();
    if (!errors) return data.refreshSession;
    if (errors[0].extensions.code !== 'UNAUTHENTICATED') throw new Error(errors[0].message);
    this.end({ hasExpired: true });
    throw new SessionEnded();
  }
}

export const session = new Session();
