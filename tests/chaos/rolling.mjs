// Restarts two instances behind haproxy, one after the other, while clients write, read and follow boards.
//
// Usage: node tests/chaos/rolling.mjs [--requests 10000] [--seconds 100] [--delay 3] PATH/TO/kanban

import { parseArgs } from 'node:util';
import { postgresDatabase } from './databases.mjs';
import { EventStream, Socket } from './follower.mjs';
import { freePort, isUp, startProxy } from './haproxy.mjs';
import { Api, eventually, highest, killServer, median, pick, printTable, sleep, startServer, within } from './support.mjs';

const BOARDS = 5;
const FOLLOWERS = 20;
const CLIENTS = 16;
const REQUEST_LIMIT = 10_000;
const STOP_LIMIT = 45_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    requests: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '100' },
    delay: { type: 'string', default: '3' },
  },
});
const [program] = positionals;
const wanted = Number(values.requests);
if (!program || !(wanted > 0)) {
  console.error('Usage: node rolling.mjs [--requests 10000] [--seconds 100] [--delay 3] PATH/TO/kanban');
  process.exit(2);
}

const database = postgresDatabase();
const ports = [await freePort(), await freePort()];
const start = (at) =>
  startServer(program, database, { LISTEN_ADDR: `127.0.0.1:${ports[at]}`, SHUTDOWN_DELAY_SECONDS: values.delay, TRUSTED_PROXIES: '1' });
const instances = [await start(0), await start(1)];
const proxy = await startProxy(ports);
const api = new Api(proxy.url, REQUEST_LIMIT);
const [restarts, stops, times, failures] = [[], [], [], []];
let sent = 0;

async function signUp() {
  const input = { email: 'ann@example.com', password: 'password' };
  await api.data('mutation($input: SignUpInput!) { signUp(input: $input) { user { id } } }', { input });
  return (await api.data('mutation($input: LogInInput!) { logIn(input: $input) { accessToken } }', { input })).logIn.accessToken;
}

async function makeBoard() {
  const query = 'mutation { createBoard(input: { title: "x" }) { board { id } } }';
  return (await api.data(query, {}, token)).createBoard.board.id;
}

/** Writes and reads by turns, evenly over the time. Failed requests are not repeated. */
async function keepAsking() {
  while (sent < wanted) {
    const number = (sent += 1);
    await sleep(Math.max(0, began + (number / wanted) * Number(values.seconds) * 1000 - performance.now()));
    const since = performance.now();
    const board = pick(boards);
    const request =
      number % 2
        ? api.mutate('createCard', { boardId: board, card: { title: 'x' } }, 'card { id }', token)
        : api.send('query($b: ID!) { board(id: $b) { title version } }', { b: board }, token);
    // An answer of haproxy itself is no JSON.
    const answer = await request.catch(({ message }) => ({ errors: message }));
    times.push(performance.now() - since);
    if (!answer?.data || answer.errors) failures.push(JSON.stringify(answer) ?? 'no answer');
  }
}

/** One instance after the other: SIGTERM, wait for its end, start, wait until haproxy has found it. */
async function keepRestarting() {
  for (let at = 0; sent < wanted; at = 1 - at) {
    const since = performance.now();
    instances[at].child.kill('SIGTERM');
    await within(STOP_LIMIT, 'end of the server', instances[at].gone);
    stops.push(performance.now() - since);
    instances[at] = await start(at);
    await isUp(proxy, 'ab'[at]);
    restarts.push(at);
  }
}

const token = await signUp();
const boards = await Promise.all(Array.from({ length: BOARDS }, makeBoard));
const followers = Array.from({ length: FOLLOWERS }, (_, at) => {
  const Transport = at % 2 === 0 ? EventStream : Socket;
  return new Transport({ board: boards[at % BOARDS], token, anyUrl: () => proxy.url });
});
const ends = followers.map((follower) => follower.run());
const began = performance.now();
await Promise.all([...Array.from({ length: CLIENTS }, keepAsking), keepRestarting()]);

const faults = failures.map((failure) => `a request failed: ${failure}`);
for (const follower of followers) {
  const { version } = (await api.data('query($b: ID!) { board(id: $b) { version } }', { b: follower.board }, token)).board;
  await eventually(30_000, 'the last event', () => follower.sequence >= version).catch(({ message }) => faults.push(message));
  follower.stop();
  faults.push(...follower.faults);
  if (follower.applied !== version) faults.push(`${follower.applied} events were applied, but the board has ${version}`);
}
await Promise.all(ends);
await Promise.all(instances.map(killServer));

const sum = (name) => followers.reduce((total, follower) => total + follower[name], 0);
printTable([
  {
    requests: sent,
    failed: failures.length,
    restarts: restarts.length,
    'end of an instance: median, s': median(stops) / 1000,
    'request: median, ms': median(times),
    'maximum, ms': highest(times),
    followers: FOLLOWERS,
    'their connections': sum('connections'),
    'events applied': sum('applied'),
    resets: sum('resets'),
    faults: faults.length,
  },
]);
for (const fault of faults.slice(0, 10)) console.error(fault);
process.exit(faults.length > 0 ? 1 : 0);
