// Kills the server while clients write, starts it again and checks that nothing is lost.
//
// Usage: node tests/chaos/kill.mjs [--rounds 100] [--break KIND] PATH/TO/kanban

import { parseArgs } from 'node:util';
import { breakages } from './breakage.mjs';
import { check, faultColumns, report, settle } from './check.mjs';
import { postgresDatabase, sqliteDatabase } from './databases.mjs';
import { Ledger } from './ledger.mjs';
import { Api, between, eventually, explain, highest, killServer, median, printTable, sleep, startServer, within } from './support.mjs';
import { keepWriting, makeWorld, renewTokens } from './world.mjs';

const REQUEST_LIMIT = 10_000;
const START_LIMIT = 30_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '100' }, break: { type: 'string' } },
});
const [program] = positionals;
const rounds = Number(values.rounds);
if (!program || !(rounds > 0) || (values.break && !breakages[values.break])) {
  console.error(`Usage: node kill.mjs [--rounds 100] [--break ${Object.keys(breakages).join('|')}] PATH/TO/kanban`);
  process.exit(2);
}

/** Starts the server; returns it and the time from the start of the process until the first good answer, in ms. */
async function start(context) {
  const server = await startServer(program, context.database);
  context.api.url = server.url;
  const token = context.world?.admin.token;
  await eventually(START_LIMIT, 'a good answer', async () => {
    const answer = await context.api.send(token ? '{ viewer { id } }' : '{ __typename }', {}, token);
    return answer && !answer.errors;
  });
  return { server, recovery: performance.now() - server.began };
}

/** Eight writers write until the server is killed. */
async function writeUntilKilled(context, server) {
  context.round = { isOver: false };
  const writers = context.world.writers.map((writer) => keepWriting(context, writer));
  await sleep(between(50, 400));
  context.round.isOver = true;
  await killServer(server);
  await within(2 * REQUEST_LIMIT, 'the end of the writers', Promise.all(writers));
  explain(context.ledger, server);
}

async function run(database) {
  const context = { database, ledger: new Ledger(), api: new Api('', REQUEST_LIMIT) };
  const recoveries = [];
  let done = 0;
  let { server } = await start(context);
  context.world = await makeWorld(context.api);
  for (let round = 1; round <= rounds; round += 1) {
    await writeUntilKilled(context, server);
    if (values.break && round === rounds) await breakages[values.break](context);
    const started = await start(context);
    server = started.server;
    recoveries.push(started.recovery);
    await settle(context.api, context.world);
    done += (await check(context, { fromStart: round === rounds })).unanswered;
    await renewTokens(context.api, context.world);
  }
  await killServer(server);
  console.error(`${database.kind}: ${rounds} rounds are done.`);
  return { ledger: context.ledger, row: row(database, context.ledger, done, recoveries) };
}

function row(database, ledger, done, recoveries) {
  return {
    database: database.kind,
    rounds,
    acknowledged: ledger.counts.acknowledged,
    unanswered: ledger.counts.unanswered,
    'of these done': done,
    refused: ledger.counts.refused,
    ...faultColumns(ledger),
    'recovery: median, ms': median(recoveries),
    'maximum, ms': highest(recoveries),
  };
}

const databases = [sqliteDatabase(), ...(process.env.TEST_DATABASE_URL ? [postgresDatabase()] : [])];
const results = [];
for (const database of databases) results.push(await run(database));
printTable(results.map(({ row }) => row));
if (databases.length === 1) console.log('PostgreSQL was not tested: TEST_DATABASE_URL is not set.');
const faulty = results.filter(({ ledger, row }) => report(row.database, ledger));
process.exit(faulty.length > 0 ? 1 : 0);
