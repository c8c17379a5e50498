import type { AuthConfig, AuthUtilities } from '@urql/exchange-auth';
import type { Operation } from 'urql';
import { hasCode } from './errors';
import { SessionEnded, session } from './session';
import { waitToRetry } from './wait';

/** For the `authExchange`: sends the access token, and replaces it when the server has refused it. */
export async function authorize({ appendHeaders }: AuthUtilities): Promise<AuthConfig> {
  let refused: string | undefined;
  return {
    addAuthToOperation(operation) {
      const token = session.accessToken;
      return token ? appendHeaders(operation, { Authorization: `Bearer ${token}` }) : operation;
    },
    didAuthError(error, operation) {
      if (!hasCode(error, 'UNAUTHENTICATED')) return false;
      refused = tokenOf(operation);
      return true;
    },
    async refreshAuth() {
      if (refused) await renewToken(refused);
    },
  };
}

/** The token with which the operation was sent: by now there may be a new one, which must not be replaced again. */
function tokenOf({ context: { fetchOptions } }: Operation) {
  const { headers } = (typeof fetchOptions === 'function' ? fetchOptions() : fetchOptions) ?? {};
  return new Headers(headers).get('Authorization')?.replace('Bearer ', '');
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
