import type { AuthConfig, AuthUtilities } from '@urql/exchange-auth';
import { hasCode } from './errors';
import { session } from './session';

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
      if (sent) await session.refresh(sent);
    },
  };
}
