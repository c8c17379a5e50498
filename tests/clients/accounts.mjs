// The users of a test, and what they do over plain HTTP.

import { createHmac } from 'node:crypto';

const PASSWORD = 'correct horse';

/** A new user who is logged in. `api` is the class `Api` of ../chaos/support.mjs. */
export async function account(api, name) {
  const input = { email: `${name}@example.com`, password: PASSWORD };
  const { signUp } = await api.data('mutation($input: SignUpInput!) { signUp(input: $input) { user { id } } }', { input });
  const text = 'mutation($input: LogInInput!) { logIn(input: $input) { accessToken refreshToken expiresAt } }';
  return { ...input, id: signUp.user.id, tokens: (await api.data(text, { input })).logIn };
}

/** The payload of a mutation that must succeed. */
export async function mutate(api, user, field, input, selection) {
  const answer = await api.mutate(field, input, selection, user.tokens.accessToken);
  if (!answer?.data?.[field]) throw new Error(`${field} ${JSON.stringify(input)}: ${JSON.stringify(answer)}`);
  return answer.data[field];
}

/** The same access token, but it ends in `seconds`, of which the client does not know. */
export function endingIn(seconds, token, secret) {
  const [header, body] = token.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  claims.exp = Math.floor(Date.now() / 1000) + seconds;
  const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
