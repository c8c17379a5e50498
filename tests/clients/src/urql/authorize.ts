import type { AuthConfig, AuthUtilities } from '@urql/exchange-auth';
import type { ErrorCode } from '../tada/graphql.js';
import type { Session } from '../session/session.js';

const REFUSED: ErrorCode = 'UNAUTHENTICATED';

/** For the `authExchange`: sends the access token, and replaces it when the server has refused it. */
export const authorize = (session: Session) =>
  async ({ appendHeaders }: AuthUtilities): Promise<AuthConfig> => {
    let sent: string | undefined;
    return {
      addAuthToOperation(operation) {
        sent = session.accessToken;
        return sent ? appendHeaders(operation, { Authorization: `Bearer ${sent}` }) : operation;
      },
      didAuthError: (error) => error.graphQLErrors.some(({ extensions }) => extensions.code === REFUSED),
      async refreshAuth() {
        if (sent) await session.refresh(sent);
      },
    };
  };
