// Runs the steps with every client, on SQLite, and on PostgreSQL if TEST_DATABASE_URL is set.
//
// Usage: node run.mjs PATH/TO/kanban [CLIENT ...]

import { postgresDatabase } from '../chaos/databases.mjs';
import { Api, atExit, printTable, within } from '../chaos/support.mjs';
import { start } from '../conformance/server.mjs';
import { CLIENTS, GAPS } from './clients.mjs';
import { checkGuides } from './guide.mjs';
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

/** Runs the steps of one client until one fails. Returns the result of each: `ok`, `gap`, or an error. */
async function runSteps(client, api) {
  const world = await World.make(api, SECRET, client.name);
  const child = startClient(client.command, { url: world.url });
  const results = {};
  try {
    const { steps: known } = await within(START_LIMIT, 'start', child.next());
    checkNames(client, known);
    for (const step of NAMES) results[step] = gapOf(client, step) ? 'gap' : await runStep(step, world, child);
  } catch (error) {
    results.error = error;
  } finally {
    child.kill();
    world.proxy.close();
  }
  return { client, results, log: child.log() };
}

/** Each step must be a step of the client, or a gap. */
function checkNames(client, known) {
  const problems = [
    ...known.filter((step) => !NAMES.includes(step)).map((step) => `there is no step ${step}`),
    ...known.filter((step) => gapOf(client, step)).map((step) => `it has ${step}, so remove that from GAPS in clients.mjs`),
    ...NAMES.filter((step) => !known.includes(step) && !gapOf(client, step)).map((step) => `it has no ${step}`),
  ];
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

async function runStep(step, world, child) {
  const ask = (input) => {
    child.send({ step, input });
    const answer = child.next().then(({ result, error }) => (error ? Promise.reject(new Error(error)) : result));
    // The step may fail before it awaits the answer.
    answer.catch(() => {});
    return answer;
  };
  try {
    await within(STEP_LIMIT, step, STEPS[step](world, ask));
    return 'ok';
  } catch (error) {
    throw new Error(`${step}: ${error.message}`);
  }
}

/** Runs all clients at the same time. Returns the number of steps that failed or are missing. */
async function runAll({ kind, settings }) {
  const server = await start(program, { ...SETTINGS, ...settings });
  atExit(server.stop);
  try {
    const api = new Api(new URL(server.url).origin, REQUEST_LIMIT);
    return report(kind, await Promise.all(clients.map((client) => runSteps(client, api))));
  } finally {
    server.stop();
  }
}

function report(kind, runs) {
  const all = runs.flatMap(({ results }) => NAMES.map((step) => results[step] ?? 'FAILED'));
  const count = (result) => all.filter((one) => one === result).length;
  console.log(`\n${kind}: ${count('ok')} steps ran, ${count('gap')} are gaps, ${count('FAILED')} failed or did not run`);
  printTable(runs.map(({ client, results }) => {
    return { client: client.name, ...Object.fromEntries(NAMES.map((step) => [step, results[step] ?? 'FAILED'])) };
  }));
  for (const { client, results, log } of runs) {
    if (results.error) console.error(`\n${client.name}: ${results.error.message}\n${log}`);
  }
  return count('FAILED') + runs.filter(({ results }) => results.error).length;
}

/** A gap of a client or step that does not exist is an error. */
function checkGaps() {
  for (const { client, steps } of GAPS) {
    const isKnown = CLIENTS.some(({ name }) => name === client) && steps.every((step) => NAMES.includes(step));
    if (!isKnown) throw new Error(`clients.mjs has a gap of ${client}, ${steps.join(', ')}`);
  }
}

function printGaps() {
  console.log('\nGaps:');
  for (const { client, steps, reason } of GAPS) console.log(`- ${client}, ${steps.join(', ')}: ${reason}`);
}

checkGaps();
checkGuides();
for (const build of new Set(clients.map((client) => client.build))) build?.();
const databases = [{ kind: 'SQLite', settings: {} }];
if (process.env.TEST_DATABASE_URL) databases.push({ kind: 'PostgreSQL', settings: { DATABASE_URL: postgresDatabase().url } });
else console.log('PostgreSQL: not tested, because TEST_DATABASE_URL is not set');
let failures = 0;
for (const database of databases) failures += await runAll(database);
printGaps();
process.exit(failures === 0 ? 0 : 1);
