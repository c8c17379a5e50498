// Runs the steps with every client, on SQLite, and on PostgreSQL if TEST_DATABASE_URL is set.
//
// Usage: node run.mjs PATH/TO/kanban [CLIENT ...]

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { postgresDatabase } from '../chaos/databases.mjs';
import { Api, printTable, within } from '../chaos/support.mjs';
import { start } from '../conformance/server.mjs';
import { CLIENTS, GAPS } from './clients.mjs';
import { checkGuides } from './guide.mjs';
import { buildOthers } from './others.mjs';
import { startClient } from './process.mjs';
import { STEPS } from './steps.mjs';
import { World } from './world.mjs';

const SECRET = 'clients'.repeat(5);
const SETTINGS = { JWT_SECRET: SECRET, ARGON2_MEMORY_KIB: '8', RATE_LIMIT: 'off' };
const REQUEST_LIMIT = 30_000;
const START_LIMIT = 30_000;
const STEP_LIMIT = 30_000;
const NAMES = Object.keys(STEPS);

const [program, ...wanted] = process.argv.slice(2);
if (!program) throw new Error('usage: node run.mjs PATH/TO/kanban [CLIENT ...]');
const clients = wanted.length ? CLIENTS.filter(({ name }) => wanted.includes(name)) : CLIENTS;
if (clients.length < wanted.length) throw new Error(`the clients are ${CLIENTS.map(({ name }) => name).join(', ')}`);

const gapOf = (client, step) => GAPS.find((gap) => gap.client === client.name && gap.steps.includes(step));

/** Runs all steps of one client. Returns the result of each: `ok`, `gap`, or an error. */
async function runSteps(client, api) {
  const world = await World.make(api, SECRET, client.name);
  const child = startClient(client.command, { url: world.url });
  const results = {};
  try {
    const { steps: known } = await within(START_LIMIT, 'start', child.next());
    for (const step of NAMES) results[step] = await runStep(step, world, { client, child, known });
    const strange = known.filter((step) => !NAMES.includes(step));
    if (strange.length > 0) results.logIn = new Error(`there is no step ${strange.join(', ')}`);
  } catch (error) {
    for (const step of NAMES) results[step] ??= error;
  } finally {
    child.kill();
    world.proxy.close();
  }
  return { client, results, log: child.log() };
}

async function runStep(step, world, { client, child, known }) {
  const gap = gapOf(client, step);
  if (!known.includes(step)) return gap ? 'gap' : new Error('the client does not have this step, and clients.mjs gives no reason');
  if (gap) return new Error('the client has this step: remove it from GAPS in clients.mjs');
  const ask = async (input) => {
    child.send({ step, input });
    const { result, error } = await child.next();
    if (error) throw new Error(error);
    return result;
  };
  return within(STEP_LIMIT, 'step', STEPS[step](world, ask)).then(() => 'ok', (error) => error);
}

/** Runs all clients at the same time. Returns the number of steps that failed or are missing. */
async function runAll({ kind, settings }) {
  const server = await start(program, { ...SETTINGS, ...settings });
  try {
    const api = new Api(new URL(server.url).origin, REQUEST_LIMIT);
    return report(kind, await Promise.all(clients.map((client) => runSteps(client, api))));
  } finally {
    server.stop();
  }
}

function report(kind, runs) {
  const all = runs.flatMap(({ results }) => NAMES.map((step) => results[step]));
  const count = (result) => all.filter((one) => one === result).length;
  console.log(`\n${kind}: ${count('ok')} steps ran, ${count('gap')} are gaps`);
  const word = (result) => (typeof result === 'string' ? result : 'FAILED');
  printTable(runs.map(({ client, results }) => {
    return { client: client.name, ...Object.fromEntries(NAMES.map((step) => [step, word(results[step])])) };
  }));
  for (const run of runs) printErrors(run);
  return runs.length * NAMES.length - count('ok') - count('gap');
}

function printErrors({ client, results, log }) {
  const failed = NAMES.filter((step) => results[step] instanceof Error);
  for (const step of failed) console.error(`\n${client.name}, ${step}: ${results[step].message}`);
  if (failed.length > 0 && log) console.error(`\nthe log of ${client.name}:\n${log}`);
}

function printGaps() {
  console.log('\nGaps:');
  for (const { client, steps, reason } of GAPS) console.log(`- ${client}, ${steps.join(', ')}: ${reason}`);
}

/** Generates types from schema.graphql, checks the types of the clients, and compiles them. */
function build() {
  const options = { cwd: fileURLToPath(new URL('.', import.meta.url)), stdio: 'inherit' };
  execFileSync('npm', ['run', '--silent', '--if-present', 'build'], options);
}

checkGuides();
build();
buildOthers();
const databases = [{ kind: 'SQLite', settings: {} }];
if (process.env.TEST_DATABASE_URL) databases.push({ kind: 'PostgreSQL', settings: { DATABASE_URL: postgresDatabase().url } });
else console.log('PostgreSQL: not tested, because TEST_DATABASE_URL is not set');
let failures = 0;
for (const database of databases) failures += await runAll(database);
printGaps();
process.exit(failures === 0 ? 0 : 1);
