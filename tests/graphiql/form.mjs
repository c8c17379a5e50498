// A user of the plain form, which the page shows when GraphiQL cannot be loaded.

import assert from 'node:assert/strict';
import { Tab } from './tab.mjs';

const ACCOUNT = '{ "in": { "email": "ada@example.com", "password": "a long secret" } }';

class Form extends Tab {
  async send(request, variables = '') {
    await this.write('#request', request);
    await this.page.locator('#variables').fill(variables);
    await this.page.locator('button[name=send]').click();
  }

  response(...texts) {
    return this.shows('#response', ...texts);
  }
}

export async function useForm(network, browser, page, screenshot) {
  const ann = await Form.open(network, browser, page);
  await ann.shows('#form', 'npm ci --prefix graphiql && npm run build --prefix graphiql');
  await ann.page.locator('#request').click();
  await ann.press('Enter'); // sends the text that is there from the beginning
  await ann.response('"__typename": "Query"');
  await ann.send('mutation($in: SignUpInput!) { signUp(input: $in) { user { id } } }', ACCOUNT);
  await ann.response('"signUp"', '"user_');
  await ann.send('mutation($in: LogInInput!) { logIn(input: $in) { accessToken } }', ACCOUNT);
  await ann.response('"accessToken"');
  assert.match(await ann.token(), /^eyJ/, 'the bar has the access token');
  await ann.send('mutation { createBoard(input: { title: "First" }) { board { id } } }', '{');
  await ann.response('"errors"', 'JSON');
  await ann.send('mutation { createBoard(input: { title: "First" }) { board { id } } }');
  await ann.response('"board_1"');
  await ann.send('subscription { boardEvents(boardId: "board_1", afterSequence: 0) { events { __typename } } }');
  await ann.response('"BoardCreatedEvent"');
  assert.ok(ann.follows(), 'the stream is open');
  if (screenshot) await ann.page.screenshot({ path: screenshot });
  await ann.send('{ boards { nodes { title } } }');
  await ann.response('"First"');
  await ann.until('the stream has ended', () => !ann.follows());
  assert.deepEqual(ann.faults, []);
}
