// Two tabs of Chromium refresh the session of src/session/session.ts at the same time: only one spends the token.
//
// Usage: node tabs.mjs PATH/TO/kanban
//
// CHROMIUM is the path of the browser (Debian: apt-get install chromium).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import puppeteer from 'puppeteer-core';
import { Api, atExit, sleep } from '../chaos/support.mjs';
import { start } from '../conformance/server.mjs';
import { account, endingIn } from './accounts.mjs';
import { compile } from './clients.mjs';

const SECRET = 'tabs'.repeat(8);
const SETTINGS = { JWT_SECRET: SECRET, ARGON2_MEMORY_KIB: '8', RATE_LIMIT: 'off' };
const CALLS = 3;
/** Answers take so long that all calls of both tabs begin before the first answer. */
const DELAY = 500;

const { CHROMIUM = '/usr/bin/chromium' } = process.env;
const [program] = process.argv.slice(2);
if (!program) throw new Error('usage: node tabs.mjs PATH/TO/kanban');

/** Serves an empty page, the script, and the API at the same origin. Notes the refreshes. */
function serve(url, refreshes) {
  const script = readFileSync(new URL('build/session/session.js', import.meta.url));
  const server = createServer(async (request, response) => {
    if (request.url === '/') return response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>Tab</title>');
    if (request.url === '/session.js') return response.setHeader('Content-Type', 'text/javascript').end(script);
    if (request.url !== '/graphql') return response.writeHead(404).end();
    const body = (await request.toArray()).join('');
    if (body.includes('refreshSession(')) refreshes.push(body);
    const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    await sleep(DELAY);
    return response.setHeader('Content-Type', 'application/json').end(await answer.text());
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

async function openTab(browser, origin) {
  const page = await browser.newPage();
  await page.goto(origin);
  return page;
}

/** Runs in a tab. */
async function refreshInTab(refused, calls) {
  const { Session } = await import('/session.js');
  const session = new Session('/graphql');
  return Promise.all(Array.from({ length: calls }, () => session.refresh(refused)));
}

async function test(api, browser, origin, refreshes) {
  const { email, tokens } = await account(api, 'tabs');
  const accessToken = endingIn(-60, tokens.accessToken, SECRET);
  const tabs = [await openTab(browser, origin), await openTab(browser, origin)];
  const stored = JSON.stringify({ accessToken, refreshToken: tokens.refreshToken });
  await tabs[0].evaluate((text) => localStorage.setItem('kanban-session', text), stored);

  const answers = await Promise.all(tabs.map((tab) => tab.evaluate(refreshInTab, accessToken, CALLS)));
  assert.equal(refreshes.length, 1, 'refreshes');
  assert.equal(new Set(answers.flat()).size, 1, 'access tokens');
  const { viewer } = await api.data('{ viewer { email } }', {}, answers[0][0]);
  assert.equal(viewer.email, email);

  // The new tokens are stored for all tabs.
  await tabs[1].evaluate(refreshInTab, answers[0][0], 1);
  assert.equal(refreshes.length, 2, 'refreshes');
}

compile();
const server = await start(program, SETTINGS);
atExit(server.stop);
const refreshes = [];
const pages = await serve(server.url, refreshes);
// Chromium's sandbox does not work as root.
const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const browser = await puppeteer.launch({ executablePath: CHROMIUM, args });
try {
  await test(new Api(new URL(server.url).origin, 30_000), browser, `http://127.0.0.1:${pages.address().port}/`, refreshes);
  console.log('Two tabs refresh a session once');
} finally {
  await browser.close();
  pages.close();
  server.stop();
}
