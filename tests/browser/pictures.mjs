// Makes the pictures of the documentation from the demo data, in docs/images.
//
// Usage: node pictures.mjs PATH/TO/kanban

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { sqliteDatabase } from '../chaos/databases.mjs';
import { Site } from './site.mjs';
import { loggedIn } from './stage.mjs';

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const WINDOW = { width: 940, height: 620 };
const PHONE = { width: 360, height: 720 };
/** The same colours on every machine, and sharp on screens of today. */
const LOOK = { colorScheme: 'light', deviceScaleFactor: 2, reducedMotion: 'reduce' };
const LOG_IN = `mutation($input: LogInInput!) { logIn(input: $input) { accessToken refreshToken user { id } } }`;
/** Boards with a colleague, those with the most cards first. */
const BOARDS = `{ boards { nodes { id viewerRole members { nodes { email } } cards { totalCount } } } }`;

const { CHROMIUM = '/usr/bin/chromium' } = process.env;
const [program] = process.argv.slice(2);
if (!program) throw new Error('usage: node pictures.mjs PATH/TO/kanban');

const database = sqliteDatabase();
execFileSync(resolve(program), ['seed'], { env: { DATABASE_URL: database.url }, cwd: database.folder });
const site = await Site.start(program, database, { ARGON2_MEMORY_KIB: '19456' });
const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const browser = await chromium.launch({ executablePath: CHROMIUM, args });
mkdirSync(FOLDER, { recursive: true });
await takeAll();
await browser.close();
site.stop();
process.exit(0);

async function takeAll() {
  const me = await logIn('user1@example.com');
  const board = await chooseBoard(me);
  const colleague = await logIn(board.colleague);
  const mine = await open(me, board.path, WINDOW);
  const theirs = await open(colleague, board.path, WINDOW, { colorScheme: 'dark' });
  await lift(mine);
  const windows = await besides([await mine.screenshot(), await theirs.screenshot()]);
  writeFileSync(join(FOLDER, 'board.png'), windows);
  const phone = await open(me, board.path, PHONE, { hasTouch: true, isMobile: true });
  await phone.screenshot({ path: join(FOLDER, 'phone.png') });
}

async function logIn(email) {
  const { logIn: tokens } = await site.api.data(LOG_IN, { input: { email, password: 'password' } });
  return { id: tokens.user.id, tokens };
}

/** The path of the fullest board that `me` shares, and somebody who sees it too. */
async function chooseBoard(me) {
  const { boards } = await site.api.data(BOARDS, {}, me.tokens.accessToken);
  const shared = boards.nodes.filter(({ viewerRole, members }) => viewerRole === 'ADMIN' && members.nodes.length > 1);
  shared.sort((a, b) => b.cards.totalCount - a.cards.totalCount);
  const [{ id, members }] = shared;
  const colleague = members.nodes.map(({ email }) => email).find((email) => email !== 'user1@example.com');
  return { path: `/boards/${id}`, colleague };
}

/** A page of a browser in which somebody is logged in. */
async function open(user, path, viewport, look = {}) {
  const { origin } = new URL(site.server.url);
  const storageState = loggedIn(user, origin);
  const context = await browser.newContext({ ...LOOK, viewport, storageState, ...look });
  const page = await context.newPage();
  await page.goto(origin + path);
  await page.locator('.board-page[aria-busy=false]').waitFor();
  return page;
}

/** Lifts a card of the first column and holds it over the second one. */
async function lift(page) {
  const from = await page.locator('.card').first().boundingBox();
  await page.mouse.move(from.x + 60, from.y + 15);
  await page.mouse.down();
  await page.mouse.move(from.x + 290, from.y + 60, { steps: 10 });
  await page.locator('.card.dragging').waitFor();
}

/** One picture of several. */
async function besides(pictures) {
  const images = pictures.map((png) => `<img src="data:image/png;base64,${png.toString('base64')}">`);
  const context = await browser.newContext({ viewport: { width: WINDOW.width * 2 + 20, height: WINDOW.height } });
  const page = await context.newPage();
  const style = `body { margin: 0; display: flex; gap: 20px } img { width: ${WINDOW.width}px; border-radius: 10px }`;
  await page.setContent(`<style>${style}</style>${images.join('')}`);
  return page.screenshot({ omitBackground: true });
}
