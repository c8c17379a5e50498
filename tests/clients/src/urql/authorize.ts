import type { Operation } from '@urql/core';
import type { AuthConfig, AuthUtilities } from '@urql/exchange-auth';
import type { Session } from '../session/session.js';
import type { ErrorCode } from '../tada/graphql.js';

const REFUSED: ErrorCode = 'UNAUTHENTICATED';

/** For the `authExchange`: sends the access token, and replaces it when the server has refused it. */
export const authorize = (session: Session) =>
  async ({ appendHeaders }: AuthUtilities): Promise<AuthConfig> => {
    let refused: string | undefined;
    return {
      addAuthToOperation(operation) {
        const token = session.accessToken;
        return token ? appendHeaders(operation, { Authorization: `Bearer ${token}` }) : operation;
      },
      didAuthError(error, operation) {
        if (!error.graphQLErrors.some(({ extensions }) => extensions.code === REFUSED)) return false;
        refused = tokenOf(operation);
        return true;
      },
      async refreshAuth() {
        if (refused) await session.refresh(refused);
      },
    };
  };

/** The token with which the operation was sent: by now there may be a new one, which must not be replaced again. */
function tokenOf({ context: { fetchOptions } }: Operation) {
  const { headers } = (typeof fetchOptions === 'function' ? fetchOptions() : fetchOptions) ?? {};
  return new Headers(headers).get('Authorization')?.replace('Bearer ', '');
}
