// Cuts the connection between the server and PostgreSQL while clients read and write, and measures the recovery.
//
// Usage: node tests/chaos/cut.mjs [--rounds 25] [--kinds drop,freeze] [--seconds 3-6] [--break KIND] PATH/TO/kanban

import { parseArgs } from 'node:util';
import { breakages } from './breakage.mjs';
import { check, faultColumns, report, settle } from './check.mjs';
import { proxiedDatabase, psql } from './databases.mjs';
import { Ledger } from './ledger.mjs';
import { Recovery, keepAskingReadiness, keepReading } from './recovery.mjs';
import { Api, between, explain, highest, killServer, median, printTable, sleep, startServer, within } from './support.mjs';
import { keepWriting, makeWorld, renewTokens } from './world.mjs';

const KINDS = ['drop', 'half-open', 'freeze', 'reset', 'crash'];
/** Longer than HTTP_REQUEST_SECONDS, so that the server always has time for an answer. */
const REQUEST_LIMIT = 35_000;
const RECOVERY_LIMIT = 30_000;
/** The longest recovery that is good. */
const TARGET = 2_000;
/** How long the clients go on after the recovery, to see later failures. */
const AFTERWARDS = 2_500;
/** How long the clients work before the failure. */
const BEFORE = [500, 1_500];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '25' },
    kinds: { type: 'string', default: KINDS.join() },
    seconds: { type: 'string', default: '3-6' },
    break: { type: 'string' },
  },
});
const [program] = positionals;
const rounds = Number(values.rounds);
const kinds = values.kinds.split(',');
const [shortest, longest = shortest] = values.seconds.split('-').map((text) => Number(text) * 1000);
const isValid = program && rounds > 0 && shortest <= longest && kinds.every((kind) => KINDS.includes(kind));
if (!process.env.TEST_DATABASE_URL) {
  console.error('TEST_DATABASE_URL must name a PostgreSQL server and a role that may create databases.');
  process.exit(2);
}
if (!isValid || (values.break && !breakages[values.break])) {
  console.error(`Usage: node cut.mjs [--rounds 25] [--kinds ${KINDS}] [--seconds 3-6] [--break ${Object.keys(breakages).join('|')}] PATH/TO/kanban`);
  process.exit(2);
}

/** A server whose connections to a new database go through a proxy. */
async function makeContext() {
  const { database, proxy, proxied } = await proxiedDatabase();
  const server = await startServer(program, proxied);
  const api = new Api(server.url, REQUEST_LIMIT);
  return { database, proxy, server, api, world: await makeWorld(api), ledger: new Ledger() };
}

/** Ends all sessions of the database again and again, as PostgreSQL does when one of its processes crashes. */
async function crash({ database }, ms) {
  const sql = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '${database.name}'`;
  const end = performance.now() + ms;
  do {
    await psql(database.admin, sql);
    await sleep(100);
  } while (performance.now() < end);
}

/** Lets the network or the database fail for some seconds. */
async function fail({ database, proxy, recovery }, kind) {
  const ms = between(shortest, longest);
  await sleep(between(...BEFORE));
  if (kind === 'crash') {
    await crash({ database }, ms);
  } else {
    proxy.cut(kind);
    await sleep(ms);
    await proxy.restore();
  }
  recovery.begin();
  await recovery.wait(RECOVERY_LIMIT);
  await sleep(AFTERWARDS);
}

/** One failure, while clients read and write. */
async function failOnce(context, kind) {
  const { api, world, proxy } = context;
  const recovery = new Recovery(world);
  const round = { isOver: false, onWrite: (writer, isGood, began) => recovery.note('writes', isGood, began, writer) };
  Object.assign(context, { recovery, round });
  const clients = Promise.all([
    ...world.writers.map((writer) => keepWriting(context, writer)),
    ...world.writers.map((reader) => keepReading(context, reader)),
    keepAskingReadiness(context),
  ]);
  // If a client fails, the script ends with its error.
  await Promise.race([clients, fail(context, kind)]);
  round.isOver = true;
  proxy.bury();
  await within(2 * REQUEST_LIMIT, 'the end of the clients', clients);
  return recovery;
}

async function run(kind) {
  const context = await makeContext();
  const { api, world, ledger, server, proxy } = context;
  const recoveries = [];
  const done = { unknown: 0, unanswered: 0 };
  for (let round = 1; round <= rounds; round += 1) {
    await renewTokens(api, world);
    recoveries.push(await failOnce(context, kind));
    if (values.break && round === rounds) await breakages[values.break](context);
    await settle(api, world);
    const found = await check(context, { fromStart: round === rounds });
    for (const outcome of Object.keys(done)) done[outcome] += found[outcome];
  }
  explain(ledger, server);
  await killServer(server);
  proxy.close();
  console.error(`${kind}: ${rounds} rounds are done.`);
  return { kind, ledger, recoveries, row: row(kind, ledger, done, recoveries) };
}

function row(kind, ledger, done, recoveries) {
  const { counts } = ledger;
  const figures = (times) => `${median(times)}, ${highest(times)}`;
  const times = (name) => figures(recoveries.map((recovery) => recovery.times[name]));
  return {
    kind,
    rounds,
    acknowledged: counts.acknowledged,
    committed: counts.committed,
    ...faultColumns(ledger),
    refused: counts.refused,
    'unknown (done)': `${counts.unknown} (${done.unknown})`,
    'no answer (done)': `${counts.unanswered} (${done.unanswered})`,
    reads: times('reads'),
    writes: times('writes'),
    readyz: times('readyz'),
    'all clients write': times('everybody'),
    'last failure': figures(recoveries.map(({ lastFailure }) => lastFailure)),
  };
}

/** Prints a sentence for each slow recovery; returns whether there is one. */
function reportSlow({ kind, recoveries }) {
  const names = { reads: 'reads', writes: 'writes', readyz: '/readyz', everybody: 'the writes of all clients' };
  let isSlow = false;
  for (const [name, what] of Object.entries(names)) {
    const slow = recoveries.filter(({ times }) => times[name] > TARGET).length;
    if (slow > 0) console.log(`${kind}: ${what} took longer than ${TARGET} ms to recover in ${slow} of ${recoveries.length} rounds.`);
    isSlow ||= slow > 0;
  }
  return isSlow;
}

const results = [];
for (const kind of kinds) results.push(await run(kind));
console.log('Times in ms since the failure ended: median, maximum.\n');
printTable(results.map(({ row }) => row));
const bad = results.filter((result) => [report(result.kind, result.ledger), reportSlow(result)].includes(true));
process.exit(bad.length > 0 ? 1 : 0);
