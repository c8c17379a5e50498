import type { AuthConfig, AuthUtilities } from '@urql/exchange-auth';
import { hasCode } from './errors';
import { SessionEnded, session } from './session';
import { waitToRetry } from './wait';

/** For the `authExchange`: sends the access token, and replaces it when the server has refused it. */
export async function authorize({ appendHeaders }: AuthUtilities): Promise<AuthConfig> {
  let sent: string | undefined;
  return {
    addAuthToOperation(operation) {
      sent = session.accessToken;
      return sent ? appendHeaders(operation, { Authorization: `Bearer ${sent}` }) : operation;
    },
    didAuthError: (error) => hasCode(error, 'UNAUTHENTICATED'),
    async refreshAuth() {
      if (sent) await renewToken(sent);
    },
  };
}

/** Tries until there is an answer. If the session has ended, the log-in page is shown, so nobody needs an error. */
export async function renewToken(refused: string) {
  for (let retries = 0; ; retries += 1) {
    try {
      await session.refresh(refused);
      return;
    } catch (error) {
      if (error instanceof SessionEnded) return;
      await waitToRetry(retries);
    }
  }
}
