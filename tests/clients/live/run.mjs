// Follows boards with the clients that front ends use, on SQLite, and on PostgreSQL if TEST_DATABASE_URL is set.
//
// Usage: node run.mjs PATH/TO/kanban [CLIENT ...]

import { resolve } from 'node:path';
import { postgresDatabase } from '../../chaos/databases.mjs';
import { Api, printTable } from '../../chaos/support.mjs';
import { start } from '../../conformance/server.mjs';
import { checkGuides } from '../guide.mjs';
import { run } from './scenario.mjs';

const SECRET = 'clients'.repeat(5);
const SETTINGS = { JWT_SECRET: SECRET, ARGON2_MEMORY_KIB: '8', RATE_LIMIT: 'off' };
const REQUEST_LIMIT = 30_000;

const { PYTHON = 'python3' } = process.env;
// The clients run in the folder above.
const python = PYTHON.includes('/') ? resolve(PYTHON) : PYTHON;
const node = (recipe) => [process.execPath, 'live/client.mjs', recipe];

/** Only clients with a WebSocket send pings, and so notice that a connection is silent. */
const CLIENTS = [
  { name: 'graphql-ws', command: node('recipes/graphql_ws'), sendsPings: true },
  { name: 'graphql-sse', command: node('recipes/graphql_sse'), sendsPings: false },
  { name: 'apollo', command: node('recipes/apollo'), sendsPings: true },
  { name: 'urql', command: node('recipes/urql'), sendsPings: true },
  { name: 'relay', command: node('relay'), sendsPings: true },
  { name: 'python', command: [python, 'live/client.py'], sendsPings: true },
];

const [program, ...names] = process.argv.slice(2);
if (!program) throw new Error('usage: node run.mjs PATH/TO/kanban [CLIENT ...]');
const clients = names.length ? CLIENTS.filter(({ name }) => names.includes(name)) : CLIENTS;
if (clients.length < names.length) throw new Error(`the clients are ${CLIENTS.map(({ name }) => name).join(', ')}`);

/** Runs all clients at the same time. Returns the number of failures. */
async function runAll({ kind, settings }) {
  const server = await start(program, { ...SETTINGS, ...settings });
  try {
    const api = new Api(new URL(server.url).origin, REQUEST_LIMIT);
    const runs = clients.map((client, at) => run(client, { api, secret: SECRET, seed: at + 1 }));
    return report(kind, await Promise.allSettled(runs));
  } finally {
    server.stop();
  }
}

function report(kind, results) {
  const good = results.flatMap((result) => result.value ?? []);
  console.log(`\n${kind}: ${good.length} of ${clients.length} clients ended with an equal copy`);
  if (good.length > 0) printTable(good);
  results.forEach(({ reason }, at) => reason && console.error(`\n${clients[at].name}: ${reason.message}`));
  return clients.length - good.length;
}

checkGuides();
const databases = [{ kind: 'SQLite', settings: {} }];
if (process.env.TEST_DATABASE_URL) databases.push({ kind: 'PostgreSQL', settings: { DATABASE_URL: postgresDatabase().url } });
else console.log('PostgreSQL: not tested, because TEST_DATABASE_URL is not set');
let failures = 0;
for (const database of databases) failures += await runAll(database);
process.exit(failures === 0 ? 0 : 1);
