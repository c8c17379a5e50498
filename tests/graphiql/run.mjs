// Runs the page /graphiql in Chromium.
//
// Usage: node run.mjs PATH/TO/kanban cdn|built [--screenshots FOLDER]
//
// cdn: the program was built without GraphiQL, and the page loads it from unpkg.com. Its files come from
// graphiql/node_modules. built: GraphiQL is in the program (a debug build reads graphiql/dist at run time).
// CHROMIUM is the path of the browser (Debian: apt-get install chromium). It can reach nothing but 127.0.0.1.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import puppeteer from 'puppeteer-core';
import { start } from '../conformance/server.mjs';
import { checkFiles } from './files.mjs';
import { useForm } from './form.mjs';
import { useIde } from './ide.mjs';
import { cdn, nothing, silent, unreachable } from './network.mjs';

const TIME_LIMIT = 90_000;
// A user can have one stream, so a second one shows that the server has closed the first.
const SETTINGS = { ARGON2_MEMORY_KIB: '8', RATE_LIMIT: 'off', LIVE_MAX_STREAMS_PER_USER: '1' };
const ONLY_LOOPBACK = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1';

const TESTS = {
  cdn: {
    'GraphiQL from the CDN': (...where) => useIde(cdn, ...where),
    'the form without a connection to the CDN': (...where) => useForm(unreachable, ...where),
    'the form without an answer of the CDN': (...where) => useForm(silent, ...where),
  },
  built: {
    'GraphiQL from the program': (...where) => useIde(nothing, ...where),
    'the files of the program': (_, page) => checkFiles(page),
  },
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { screenshots: { type: 'string' } } });
const [program, kind] = positionals;
if (!TESTS[kind]) throw new Error('usage: node run.mjs PATH/TO/kanban cdn|built [--screenshots FOLDER]');

/** Runs a test with its own server and browser, and returns whether it passed. */
async function run([name, test]) {
  let server, browser;
  try {
    server = await start(program, SETTINGS);
    browser = await puppeteer.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      // Chromium's sandbox does not work as root.
      args: process.getuid?.() === 0 ? [ONLY_LOOPBACK, '--no-sandbox'] : [ONLY_LOOPBACK],
      defaultViewport: { width: 1280, height: 800 },
    });
    const screenshot = values.screenshots && join(values.screenshots, `${name}.png`);
    await Promise.race([late(), test(browser, new URL('/graphiql', server.url), screenshot)]);
    return true;
  } catch (error) {
    console.error(`${name}: ${error.stack}`);
    return false;
  } finally {
    await browser?.close();
    server?.stop();
  }
}

async function late() {
  await sleep(TIME_LIMIT, undefined, { ref: false });
  throw new Error(`not finished within ${TIME_LIMIT / 1000} s`);
}

const results = await Promise.all(Object.entries(TESTS[kind]).map(run));
const passed = results.filter(Boolean).length;
console.log(`GraphiQL (${kind}): ${passed} passed, ${results.length - passed} failed`);
process.exit(passed === results.length ? 0 : 1);
