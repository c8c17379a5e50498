/** The user must log in again. */
export class SessionEnded extends Error {}

const REFRESH = `mutation($input: RefreshSessionInput!) {
  refreshSession(input: $input) { accessToken refreshToken expiresAt }
}`;

/** The tokens of a session. `tokens` is what `logIn` has returned. */
export class Session {
  constructor(url, tokens) {
    this.url = url;
    this.tokens = tokens;
  }

  /** A valid access token. */
  async accessToken() {
    const left = Date.parse(this.tokens.expiresAt) - Date.now();
    if (this.isRefused || left < 60_000) {
      // Many callers, but one refresh: a refresh token can be used once.
      this.renewing ??= this.renew().finally(() => (this.renewing = undefined));
      await this.renewing;
    }
    return this.tokens.accessToken;
  }

  /** Call this when the server has refused the access token. */
  refuse() {
    this.isRefused = true;
  }

  async renew() {
    const body = JSON.stringify({ query: REFRESH, variables: { input: { refreshToken: this.tokens.refreshToken } } });
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
    const response = await fetch(this.url, { method: 'POST', headers, body });
    const { data, errors } = await response.json();
    if (errors?.[0].extensions.code === 'UNAUTHENTICATED') throw new SessionEnded();
    if (errors) throw new Error(errors[0].message);
    this.tokens = data.refreshSession;
    this.isRefused = false;
  }
}
