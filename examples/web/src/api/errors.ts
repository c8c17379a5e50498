// Decide by the code of an error, never by its message. See docs/errors.md.

import type { CombinedError } from 'urql';
import type { ErrorCode } from './graphql';

const TEXTS: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: 'Your session has ended. Log in again.',
  INVALID_CREDENTIALS: 'The e-mail address or the password is wrong.',
  NOT_FOUND: 'This does not exist any more, or you may not see it.',
  SERVICE_UNAVAILABLE: 'The server is busy. Try again later.',
  INTERNAL_SERVER_ERROR: 'The server has made an error. Try again later.',
};

export const hasCode = (error: CombinedError | undefined, code: ErrorCode) =>
  error?.graphQLErrors.some(({ extensions }) => extensions.code === code) ?? false;

/** The change has happened before, but its object is gone by now. */
export const wasApplied = (error: CombinedError) =>
  error.graphQLErrors.some(({ extensions }) => extensions.applied === true);

/** Whether the server may answer if the request is sent again. */
export const isTemporary = (error: CombinedError) =>
  Boolean(error.networkError) ||
  hasCode(error, 'SERVICE_UNAVAILABLE') ||
  error.graphQLErrors.some(({ extensions }) => extensions.outcome === 'UNKNOWN');

/** What to tell the user. */
export function explain(error: CombinedError): string {
  if (error.networkError) return 'The server does not answer. Check your connection.';
  const [first] = error.graphQLErrors;
  const code = first?.extensions.code as ErrorCode;
  if (code === 'RATE_LIMITED') return `Too many attempts. Try again in ${first?.extensions.retryAfter ?? 60} seconds.`;
  return TEXTS[code] ?? first?.message ?? error.message;
}
