// Uses examples/web in browsers, on SQLite, and on PostgreSQL if TEST_DATABASE_URL is set.
//
// Usage: node run.mjs PATH/TO/kanban [TEST ...]
//
// Build the pages first: npm run build --prefix examples/web. CHROMIUM is the path of the browser.

import { chromium } from 'playwright-core';
import { postgresDatabase, sqliteDatabase } from '../chaos/databases.mjs';
import { within } from '../chaos/support.mjs';
import { Site } from './site.mjs';
import { Stage } from './stage.mjs';
import { TESTS } from './tests.mjs';

/** Fewer tests than this are a failure: a file was forgotten. */
const EXPECTED = 47;
const AT_ONCE = 3;
const TEST_LIMIT = 240_000;

const { CHROMIUM = '/usr/bin/chromium', TEST_DATABASE_URL } = process.env;
const [program, ...wanted] = process.argv.slice(2);
if (!program) throw new Error('usage: node run.mjs PATH/TO/kanban [TEST ...]');
const tests = wanted.length ? TESTS.filter(({ name }) => wanted.includes(name)) : TESTS;
if (tests.length !== (wanted.length || EXPECTED)) throw new Error(`${tests.length} tests, but not ${wanted.length || EXPECTED}`);

// Chromium's sandbox does not work as root.
const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const browser = await chromium.launch({ executablePath: CHROMIUM, args });

const databases = [sqliteDatabase];
if (TEST_DATABASE_URL) databases.push(postgresDatabase);
else console.log('PostgreSQL: not tested, because TEST_DATABASE_URL is not set');

let failures = 0;
for (const makeDatabase of databases) failures += await runAll(makeDatabase());
await browser.close();
process.exit(failures === 0 ? 0 : 1);

/** Runs the tests, some at the same time. Returns the number of those that failed. */
async function runAll(database) {
  const site = await Site.start(program, database);
  const waiting = [...tests];
  const failed = [];
  const work = async () => {
    for (let test = waiting.shift(); test; test = waiting.shift()) {
      const error = await runTest(test, site);
      console.log(`${error ? 'FAILED' : 'ok    '} ${database.kind}: ${test.name}`);
      if (error) failed.push({ test, error });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  site.stop();
  for (const { test, error } of failed) console.error(`\n${test.name}: ${error.stack}`);
  console.log(`\n${database.kind}: ${tests.length - failed.length} of ${tests.length} tests passed`);
  return failed.length;
}

/** Returns the error, if there is one. */
async function runTest({ name, run }, site) {
  let stage;
  try {
    stage = await Stage.make(browser, site);
    await within(TEST_LIMIT, name, run(stage));
    stage.checkConsoles();
    return undefined;
  } catch (error) {
    if (stage) error.stack += `\n${stage.problems.join('\n')}`;
    return error;
  } finally {
    await stage?.close();
  }
}
