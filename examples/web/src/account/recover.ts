import type { Client } from 'urql';
import { graphql } from '../api/graphql';

const REQUEST = graphql(`
  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {
    requestPasswordReset(input: $input) { requested }
  }
`);

const RESET = graphql(`
  mutation ResetPassword($input: ResetPasswordInput!) {
    resetPassword(input: $input) { user { id email } }
  }
`);

const VERIFY = graphql(`
  mutation VerifyEmail($input: VerifyEmailInput!) {
    verifyEmail(input: $input) { user { id emailVerifiedAt } }
  }
`);

export const requestPasswordReset = (client: Client, email: string) =>
  client.mutation(REQUEST, { input: { email } }).toPromise();

export const resetPassword = (client: Client, input: { token: string; newPassword: string }) =>
  client.mutation(RESET, { input }).toPromise();

export const verifyEmail = (client: Client, token: string) => client.mutation(VERIFY, { input: { token } }).toPromise();

/** The token in the link of a mail. It is removed from the address, so that it does not stay in the history. */
export function takeToken(): string {
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
  if (token) history.replaceState(history.state, '', location.pathname + location.search);
  return token;
}
