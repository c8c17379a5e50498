// A user of GraphiQL: reads the documentation, signs up and follows a board, which another tab changes.

import assert from 'node:assert/strict';
import { Tab } from './tab.mjs';

const RESULT = '.result-window .CodeMirror-code';
const ACCOUNT = 'email: "ada@example.com", password: "a long secret"';
const FOLLOW = `subscription FollowBoard {
  boardEvents(boardId: "board_1", afterSequence: 0) { sequence events { __typename actor { email } } }
}`;

class Ide extends Tab {
  static async open(...where) {
    const tab = await super.open(...where);
    await tab.until('GraphiQL has loaded the schema', async (note) => {
      note(await tab.page.$eval('body', (body) => body.innerText));
      return (await tab.page.$('.graphiql-execute-button')) && tab.pending.size === 0;
    });
    return tab;
  }

  execute() {
    return this.page.locator('.graphiql-execute-button').click();
  }

  /** Replaces the text of the editor, and runs it. */
  async send(text) {
    const title = /^\w+ (\w+)/.exec(text)?.[1] ?? '<untitled>';
    await this.write('.graphiql-query-editor .CodeMirror-lines', text);
    // GraphiQL reads the text a little later, and then names the tab after the operation.
    await this.shows('.graphiql-tab-button', title);
    await this.execute();
  }

  /** Waits until the result pane shows the texts. */
  result(...texts) {
    return this.shows(RESULT, ...texts);
  }

  async logIn() {
    await this.send(`mutation { logIn(input: { ${ACCOUNT} }) { accessToken } }`);
    await this.result('"accessToken"');
    assert.match(await this.token(), /^eyJ/, 'the bar has the access token');
  }

  label() {
    return this.page.$eval('.graphiql-execute-button', (button) => button.ariaLabel);
  }

  /** Presses the stop button. */
  async stop() {
    assert.match(await this.label(), /^Stop/);
    await this.execute();
    await this.until('the stream has ended', async (note) => {
      const label = note(await this.label());
      return !this.follows() && label.startsWith('Execute');
    });
  }

  /** Opens the documentation of the type Query, and closes the pane. */
  async readDocumentation() {
    await this.page.locator('[aria-label="Show Documentation Explorer"]').click();
    await this.page.locator('::-p-aria([name="Query"][role="link"])').click();
    await this.shows('.graphiql-doc-explorer', 'Query', 'The account that the access token belongs to.');
    await this.page.locator('[aria-label="Hide Documentation Explorer"]').click();
  }
}

export async function useIde(network, browser, page, screenshot) {
  const ann = await Ide.open(network, browser, page);
  await ann.execute(); // the text that is there from the beginning
  await ann.result('"__typename": "Query"');
  await ann.readDocumentation();
  await ann.send(`mutation { signUp(input: { ${ACCOUNT} }) { user { id } } }`);
  await ann.result('"signUp"', '"user_');
  await ann.logIn();
  await ann.send('mutation CreateBoard { createBoard(input: { title: "First" }) { board { id } } }');
  await ann.result('"board_1"');
  await ann.send(FOLLOW);
  await ann.result('"BoardCreatedEvent"', '"sequence": 1', 'ada@example.com');
  assert.ok(ann.follows(), 'the stream is open');

  const other = await Ide.open(network, browser, page);
  await other.logIn();
  await other.send('mutation Rename { updateBoard(input: { boardId: "board_1", title: "Renamed" }) { board { title } } }');
  await other.result('"Renamed"');
  await ann.result('"BoardUpdatedEvent"', '"sequence": 2', 'ada@example.com');
  if (screenshot) await ann.page.screenshot({ path: screenshot });

  await ann.stop();
  await ann.send('query Boards { boards { nodes { title } } }');
  await ann.result('"Renamed"');
  await ann.send(FOLLOW);
  await ann.result('"BoardCreatedEvent"', '"BoardUpdatedEvent"');
  await ann.stop();
  assert.deepEqual([...ann.faults, ...other.faults], []);
}
