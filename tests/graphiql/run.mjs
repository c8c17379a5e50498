// Runs the page /graphiql in Chromium: signs up, logs in and follows a board, which another tab changes.
//
// Usage: node run.mjs PATH/TO/kanban [--screenshot FILE]
//
// CHROMIUM is the path of the browser (Debian: apt-get install chromium). The files that the page loads from
// unpkg.com come from node_modules, so the test needs no network. Their hashes must be those of the page.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import puppeteer from 'puppeteer-core';
import { start } from '../conformance/server.mjs';

const TIME_LIMIT = 60_000;
const WAIT_LIMIT = 10_000;
const TYPES = { js: 'text/javascript', css: 'text/css' };
// A user can have one stream, so a second one shows that the server has closed the first.
const SETTINGS = { ARGON2_MEMORY_KIB: '8', RATE_LIMIT: 'off', LIVE_MAX_STREAMS_PER_USER: '1' };

const { values, positionals } = parseArgs({ allowPositionals: true, options: { screenshot: { type: 'string' } } });
if (positionals.length !== 1) throw new Error('usage: node run.mjs PATH/TO/kanban [--screenshot FILE]');

/** Errors and warnings in the console (also about the Content-Security-Policy), exceptions, other requests. */
const faults = [];

/** Waits until the function returns something true. It notes the state for the message of a failure. */
async function until(what, check) {
  const end = Date.now() + WAIT_LIMIT;
  for (let last; ; await sleep(50)) {
    assert.deepEqual(faults, [], `while waiting until ${what}`);
    if (await check((value) => (last = value))) return;
    assert.ok(Date.now() < end, `not in time: ${what}\nthe last state: ${last}`);
  }
}

/** A tab of the browser with the page. */
class Tab {
  /** The texts of the requests that have no complete response. */
  pending = new Map();

  static async open(browser, page) {
    const tab = new Tab();
    tab.page = await browser.newPage();
    tab.page.setDefaultTimeout(WAIT_LIMIT);
    tab.watch(page.origin);
    await tab.page.setRequestInterception(true);
    await tab.page.goto(page.href);
    await until('GraphiQL has loaded the schema', async (note) => {
      note(await tab.page.$eval('body', (body) => body.innerText));
      return (await tab.page.$('.graphiql-execute-button')) && tab.pending.size === 0;
    });
    return tab;
  }

  watch(origin) {
    this.page.on('console', (message) => {
      if (['error', 'warn'].includes(message.type())) faults.push(`console: ${message.text().slice(0, 300)}`);
    });
    this.page.on('pageerror', (error) => faults.push(`exception: ${error}`));
    this.page.on('request', (request) => {
      this.pending.set(request, request.postData());
      answer(request, origin).catch((error) => faults.push(`${request.url()}: ${error}`));
    });
    for (const end of ['requestfinished', 'requestfailed']) {
      this.page.on(end, (request) => this.pending.delete(request));
    }
  }

  /** Picks an operation of the editor from the menu of the run button. */
  async run(operation) {
    await this.page.bringToFront();
    await this.page.locator('.graphiql-execute-button').click();
    await this.page.locator(`::-p-aria([name="${operation}"][role="menuitem"])`).click();
  }

  /** Replaces the text of the editor with one operation, and runs it. */
  async send(text) {
    await this.page.bringToFront();
    await this.page.locator('.graphiql-query-editor .CodeMirror-lines').click();
    await this.page.keyboard.down('Control');
    await this.page.keyboard.press('a');
    await this.page.keyboard.up('Control');
    await this.page.keyboard.sendCharacter(text);
    // GraphiQL reads the text a little later. Then the run button has no menu.
    const menu = () => this.page.$('.graphiql-execute-button[aria-haspopup]');
    await until('GraphiQL has read the text', async () => !(await menu()));
    await this.page.locator('.graphiql-execute-button').click();
  }

  /** Waits until the result pane shows the texts. */
  async shows(...texts) {
    await this.page.bringToFront();
    await until(`the result pane shows ${texts.join(', ')}`, async (note) => {
      const result = await this.page.$eval('.result-window .CodeMirror-code', (pane) => pane.innerText);
      note(result);
      return texts.every((text) => result.includes(text));
    });
  }

  label() {
    return this.page.$eval('.graphiql-execute-button', (button) => button.ariaLabel);
  }

  follows() {
    return [...this.pending.values()].some((text) => text?.includes('"operationName":"FollowBoard"'));
  }

  /** Presses the stop button. */
  async stop() {
    assert.match(await this.label(), /^Stop/);
    await this.page.locator('.graphiql-execute-button').click();
    await until('the stream has ended', async (note) => {
      const label = note(await this.label());
      return !this.follows() && label.startsWith('Execute');
    });
  }
}

/** Answers a request for a file of unpkg.com. */
async function answer(request, origin) {
  const url = new URL(request.url());
  if (url.origin === origin || url.protocol === 'data:') return request.continue();
  const [, name, path] = /^https:\/\/unpkg\.com\/([^@/]+)@[^/]+\/([^?]+)$/.exec(url.href) ?? [];
  assert.ok(name, 'an unexpected address');
  return request.respond({
    contentType: TYPES[path.split('.').at(-1)],
    headers: { 'access-control-allow-origin': '*' },
    body: await readFile(new URL(`node_modules/${name}/${path}`, import.meta.url)),
  });
}

async function check(browser, page) {
  const ann = await Tab.open(browser, page);
  await ann.run('SignUp');
  await ann.shows('"signUp"', '"user_');
  await ann.run('LogIn');
  await ann.shows('"accessToken"');
  await ann.run('CreateBoard');
  await ann.shows('"board_1"');
  await ann.run('FollowBoard');
  await ann.shows('"BoardCreatedEvent"', '"sequence": 1', 'ada@example.com');
  assert.ok(ann.follows(), 'the stream is open');

  const other = await Tab.open(browser, page);
  await other.run('LogIn');
  await other.shows('"accessToken"');
  await other.send('mutation { updateBoard(input: { boardId: "board_1", title: "Renamed" }) { board { title } } }');
  await other.shows('"Renamed"');
  await ann.shows('"BoardUpdatedEvent"', '"sequence": 2', 'ada@example.com');
  if (values.screenshot) await ann.page.screenshot({ path: values.screenshot });

  await ann.stop();
  await ann.run('Boards');
  await ann.shows('"Renamed"');
  await ann.run('FollowBoard');
  await ann.shows('"BoardCreatedEvent"', '"BoardUpdatedEvent"');
  await ann.stop();
  assert.deepEqual(faults, []);
}

const late = sleep(TIME_LIMIT, undefined, { ref: false }).then(() => {
  throw new Error(`not finished within ${TIME_LIMIT / 1000} s`);
});
let server, browser;
try {
  await Promise.race([late, (async () => {
    server = await start(positionals[0], SETTINGS);
    browser = await puppeteer.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [], // Chromium's sandbox does not work as root
      defaultViewport: { width: 1280, height: 800 },
    });
    await check(browser, new URL('/graphiql', server.url));
  })()]);
  console.log('GraphiQL: 1 passed, 0 failed');
} catch (error) {
  console.error(`GraphiQL: ${error.stack}`, ...faults);
  process.exitCode = 1;
} finally {
  await browser?.close();
  server?.stop();
}
process.exit();
