// Stages five faults, each on a server of its own, and checks that Prometheus and the logs tell them apart as
// docs/metrics.md says.
//
// Usage: node tests/chaos/faults.mjs [--minutes 10] [--keep DIRECTORY] PATH/TO/kanban

import { spawn } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { proxiedDatabase } from './databases.mjs';
import { freePort } from './haproxy.mjs';
import { Api, atExit, between, eventually, killServer, pick, printTable, sleep, startServer, temporaryFolder } from './support.mjs';

const DEPLOY = new URL('../../deploy/prometheus/', import.meta.url);
const REQUEST_LIMIT = 20_000;
const HEALTHY_MS = 60_000;
const CLIENTS = 4;
const CARDS = 20;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '10' }, keep: { type: 'string' } },
});
const [program] = positionals;
if (!program) {
  console.error('Usage: node faults.mjs [--minutes 10] [--keep DIRECTORY] PATH/TO/kanban');
  process.exit(2);
}
const folder = values.keep ?? temporaryFolder();
mkdirSync(folder, { recursive: true });
const end = performance.now() + Number(values.minutes) * 60_000;

const SIGN_UP = 'mutation SignUp($input: SignUpInput!) { signUp(input: $input) { user { id } } }';
const LOG_IN = 'mutation LogIn($input: LogInInput!) { logIn(input: $input) { accessToken } }';
const MAKE_BOARD = 'mutation MakeBoard { createBoard(input: { title: "x" }) { board { id } } }';
const MAKE_CARDS = 'mutation MakeCards($input: CreateCardsInput!) { createCards(input: $input) { cards { id } } }';
const BOARD = 'query Board($id: ID!) { board(id: $id) { title columns { cards(first: 50) { nodes { id title labels { name } } } } } }';
const MOVE = 'mutation Move($input: MoveCardInput!) { moveCard(input: $input) { card { id } } }';
const RENAME = 'mutation Rename($input: UpdateCardInput!) { updateCard(input: $input) { card { id } } }';
const COMPLEX = `query Everything { boards(first: 200) { nodes { ${'cards(first: 200) { nodes { board { '.repeat(3)} id ${'} } } '.repeat(3)} } } }`;

/** Repeats `act` until the end, `pause` milliseconds after each; its failures are part of the fault. */
async function keep(pause, act) {
  while (performance.now() < end) {
    await act().catch(() => {});
    await sleep(between(0.5, 1.5) * pause);
  }
}

/** The ordinary work of a team. */
function work(client, { token, board, cards }) {
  const column = () => pick(['BACKLOG', 'TODO', 'DOING', 'DONE']);
  return keep(400, () => {
    const chance = Math.random();
    if (chance < 0.6) return client.send(BOARD, { id: board }, token);
    if (chance < 0.8) return client.send(MOVE, { input: { cardId: pick(cards), column: column() } }, token);
    return client.send(RENAME, { input: { cardId: pick(cards), title: `card ${Math.random()}` } }, token);
  });
}

/** An account with a board. */
async function setUp(client, email = 'ann@example.com') {
  const input = { email, password: 'password' };
  await client.data(SIGN_UP, { input });
  const token = (await client.data(LOG_IN, { input })).logIn.accessToken;
  const board = (await client.data(MAKE_BOARD, {}, token)).createBoard.board.id;
  const titles = Array.from({ length: CARDS }, (_, at) => ({ title: `card ${at}` }));
  const made = (await client.data(MAKE_CARDS, { input: { boardId: board, cards: titles } }, token)).createCards;
  return { token, board, cards: made.cards.map(({ id }) => id) };
}

const TRIGGER = `
  CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN NEW; END $$;
  CREATE TRIGGER audit BEFORE UPDATE ON cards FOR EACH ROW EXECUTE FUNCTION audit()`;

/** How each fault begins, and the alerts and lines of the log that must tell of it. `also` may be present. */
const FAULTS = {
  'a slow statement': {
    stage: ({ database }) => database.sql(TRIGGER),
    alerts: ['KanbanSlowRequests', 'KanbanSlowStatements'],
    also: [],
    log: [/a slow statement .*UPDATE cards/, /slow request .*operation="?(Move|Rename)/],
  },
  'a full pool': {
    settings: { DATABASE_POOL_SIZE: '2', CACHE_MIB: '0' },
    stage: async ({ client }) => {
      const teams = await Promise.all(Array.from({ length: 16 }, (_, at) => setUp(client(`10.0.1.${at}`), `user${at}@example.com`)));
      await Promise.all(teams.map((team, at) => keep(1, () => client(`10.0.1.${at}`).send(BOARD, { id: team.board }, team.token))));
    },
    alerts: ['KanbanPoolFull'],
    also: ['KanbanSlowRequests'],
    log: [/request .*operation="?Board/],
  },
  'a client that sends too much': {
    stage: ({ client, team }) => Promise.all(Array.from({ length: 32 }, () => keep(1, () => client('10.0.0.50').send(BOARD, { id: team.board }, team.token)))),
    settings: { CACHE_MIB: '0' },
    alerts: ['KanbanBusyUser'],
    also: ['KanbanSlowRequests'],
    log: [/client=10\.0\.0\.50.*request .*operation="?Board/],
  },
  'a dead database': {
    stage: ({ proxy }) => proxy.cut('drop'),
    alerts: ['KanbanDatabaseDown', 'KanbanUnavailable'],
    also: [],
    log: [/the database is unavailable/, /the database is not ready/],
  },
  'a hostile client': {
    stage: ({ client, team }) =>
      Promise.all([
        keep(100, () => client('203.0.113.66').send(LOG_IN, { input: { email: `ann@example.com`, password: `guess ${Math.random()}` } })),
        keep(60, () => client('203.0.113.66').send(COMPLEX, {}, team.token)),
      ]),
    alerts: ['KanbanLogInFlood', 'KanbanHostileClient'],
    also: [],
    log: [/client=203\.0\.113\.66.*errors="?RATE_LIMITED/, /client=203\.0\.113\.66.*errors="?QUERY_TOO_COMPLEX/],
  },
};

/** A server whose connections to PostgreSQL can be cut. Its log is a file. */
async function makeServer(name, { settings }) {
  const { database, proxy, proxied } = await proxiedDatabase();
  const [metrics, file] = [`127.0.0.1:${await freePort()}`, join(folder, `${name}.log`)];
  writeFileSync(file, '');
  const all = { METRICS_ADDR: metrics, TRUSTED_PROXIES: '1', ARGON2_MEMORY_KIB: '1024', ...settings };
  const server = await startServer(program, proxied, all, (line) => appendFileSync(file, `${line}\n`));
  // TRUSTED_PROXIES=1: the clients are behind a proxy.
  const client = (address) => new Api(server.url, REQUEST_LIMIT, { 'x-forwarded-for': address });
  return { name, server, proxy, database, metrics, file, client };
}

async function stage(place, fault) {
  const team = await setUp(place.client('10.0.0.1'));
  const running = Array.from({ length: CLIENTS }, (_, at) => work(place.client(`10.0.0.${at + 1}`), team));
  await sleep(HEALTHY_MS);
  await fault.stage({ ...place, team });
  await Promise.all(running);
}

/** Prometheus with the files of deploy/prometheus. */
async function startPrometheus(places) {
  const targets = places.map(({ name, metrics }) => `      - targets: ["${metrics}"]\n        labels: { instance: ${name} }`);
  const text = readFileSync(new URL('prometheus.yml', DEPLOY), 'utf8');
  const changed = text.replace(/ *- targets: .*/, targets.join('\n'));
  if (changed === text) throw new Error('prometheus.yml has no targets');
  writeFileSync(join(folder, 'prometheus.yml'), changed);
  copyFileSync(new URL('alerts.yml', DEPLOY), join(folder, 'alerts.yml'));
  const address = `127.0.0.1:${await freePort()}`;
  const options = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=${address}`];
  const child = spawn('prometheus', options, { stdio: 'ignore' });
  atExit(() => child.kill('SIGKILL'));
  const prometheus = new Api(`http://${address}`, REQUEST_LIMIT);
  await eventually(30_000, 'start of Prometheus', async () => (await prometheus.status('/-/ready')) === 200);
  return prometheus;
}

/** The alerts that have fired on each instance. */
async function firedAlerts({ url }) {
  const query = `max_over_time(ALERTS{alertstate="firing"}[${values.minutes}m])`;
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
  return (await response.json()).data.result.map(({ metric }) => [metric.instance, metric.alertname]);
}

/** What is wrong with the signs of a fault. */
function check(fault, alerts, log) {
  const wrong = fault.alerts.filter((alert) => !alerts.includes(alert)).map((alert) => `${alert} did not fire`);
  const expected = [...fault.alerts, ...fault.also];
  wrong.push(...alerts.filter((alert) => !expected.includes(alert)).map((alert) => `${alert} fired`));
  return [...wrong, ...fault.log.filter((line) => !line.test(log)).map((line) => `the log has no ${line}`)];
}

// In random order, so that whoever looks for the causes cannot know them.
const names = Object.keys(FAULTS).sort(() => Math.random() - 0.5);
const places = [];
for (const [at, name] of names.entries()) places.push(await makeServer('abcde'[at], FAULTS[name]));
const prometheus = await startPrometheus(places);
if (values.keep) console.log(`Prometheus: ${prometheus.url}, logs: ${folder}`);
await Promise.all(places.map((place, at) => stage(place, FAULTS[names[at]])));

const fired = await firedAlerts(prometheus);
const rows = places.map(({ name, file }, at) => {
  const alerts = [...new Set(fired.filter(([instance]) => instance === name).map(([, alert]) => alert))];
  return { fault: names[at], alerts: alerts.join(', '), wrong: check(FAULTS[names[at]], alerts, readFileSync(file, 'utf8')).join('; ') };
});
if (values.keep) {
  writeFileSync(join(folder, '.answers.json'), JSON.stringify(Object.fromEntries(places.map(({ name }, at) => [name, names[at]]))));
  console.log('Prometheus runs until Ctrl-C.');
  await new Promise(() => setInterval(() => {}, 1000));
}
await Promise.all(places.map(({ server }) => killServer(server)));
printTable(rows);
process.exit(rows.some(({ wrong }) => wrong) ? 1 : 0);
