const NAME = 'kanban-session';

/** How long the lock is kept after the new tokens are stored, in milliseconds. */
const STORAGE_DELAY = 100;

const REFRESH = `mutation($input: RefreshSessionInput!) {
  refreshSession(input: $input) { accessToken refreshToken }
}`;

export interface Tokens {
  accessToken: string;
  refreshToken: string;
}

/** The user must log in again. */
export class SessionEnded extends Error {}

/** The tokens of the session, which all tabs share. */
export class Session {
  constructor(readonly url: string) {}

  /** Call this with the payload of `logIn`. */
  start({ accessToken, refreshToken }: Tokens) {
    localStorage.setItem(NAME, JSON.stringify({ accessToken, refreshToken }));
  }

  end() {
    localStorage.removeItem(NAME);
  }

  /** Send it with each request. Read it again each time: another tab may have changed it. */
  get accessToken(): string | undefined {
    return this.tokens?.accessToken;
  }

  /** A new access token in place of one that the server has refused. */
  refresh(refused: string): Promise<string> {
    return navigator.locks.request(NAME, async () => {
      const { tokens } = this;
      if (!tokens) throw new SessionEnded();
      // Another request, or another tab, was first.
      if (tokens.accessToken !== refused) return tokens.accessToken;
      const next = await this.spend(tokens.refreshToken);
      this.start(next);
      // Another tab may get the lock a moment before it sees what this one has stored.
      await new Promise((done) => setTimeout(done, STORAGE_DELAY));
      return next.accessToken;
    });
  }

  private get tokens(): Tokens | null {
    return JSON.parse(localStorage.getItem(NAME) ?? 'null');
  }

  private async spend(refreshToken: string): Promise<Tokens> {
    const body = JSON.stringify({ query: REFRESH, variables: { input: { refreshToken } } });
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
    const response = await fetch(this.url, { method: 'POST', headers, body });
    const { data, errors } = await response.json();
    if (!errors) return data.refreshSession;
    if (errors[0].extensions.code !== 'UNAUTHENTICATED') throw new Error(errors[0].message);
    this.end();
    throw new SessionEnded();
  }
}
