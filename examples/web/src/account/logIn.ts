import type { Client, CombinedError } from 'urql';
import { graphql } from '../api/graphql';
import { session } from '../api/session';

const LOG_IN = graphql(`
  mutation LogIn($input: LogInInput!) {
    logIn(input: $input) { accessToken refreshToken user { id } }
  }
`);

const SIGN_UP = graphql(`
  mutation SignUp($input: SignUpInput!) {
    signUp(input: $input) { user { id } }
  }
`);

const LOG_OUT = graphql(`
  mutation LogOut { logOut { revokedSessionId } }
`);

export async function logIn(client: Client, input: { email: string; password: string }): Promise<CombinedError | undefined> {
  const { data, error } = await client.mutation(LOG_IN, { input }).toPromise();
  if (data?.logIn) session.start(data.logIn.user.id, data.logIn);
  return error;
}

export async function signUp(client: Client, input: { email: string; password: string; name?: string }) {
  const { error } = await client.mutation(SIGN_UP, { input }).toPromise();
  return error ?? logIn(client, { email: input.email, password: input.password });
}

/** Ends the session here in any case, even if the server does not answer. */
export async function logOut(client: Client) {
  await client.mutation(LOG_OUT, {}).toPromise();
  session.end();
}
