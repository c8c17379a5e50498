// Cuts subscribers off and kills an instance while clients write, and checks that every subscriber gets every event.
//
// Usage: node tests/chaos/live.mjs [--changes 10000] [--seconds 100] [--break lost|twice] PATH/TO/kanban

import { parseArgs } from 'node:util';
import { postgresDatabase } from './databases.mjs';
import { EventStream, Socket } from './follower.mjs';
import { Api, eventually, killServer, pick, printTable, sleep, startServer } from './support.mjs';

const BOARDS = 5;
const FOLLOWERS = 20;
const WRITERS = 8;
const DISCONNECTS = 100;
const KILL_EVERY = 10_000;
const REQUEST_LIMIT = 10_000;
const END_LIMIT = 30_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    changes: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '100' },
    break: { type: 'string' },
  },
});
const [program] = positionals;
const wanted = Number(values.changes);
if (!program || !(wanted > 0)) {
  console.error('Usage: node live.mjs [--changes 10000] [--seconds 100] [--break lost|twice] PATH/TO/kanban');
  process.exit(2);
}

const database = postgresDatabase();
const counts = { acknowledged: 0, failed: 0, disconnects: 0, kills: 0 };
let isOver = false;
let began;

/** The two instances; `url` is undefined while one is down. */
const instances = [await startServer(program, database), await startServer(program, database)];
const anyUrl = () => pick(instances.filter((one) => one.url)).url;

async function signUp() {
  const api = new Api(instances[0].url, REQUEST_LIMIT);
  const input = { email: 'ann@example.com', password: 'password' };
  await api.data('mutation($input: SignUpInput!) { signUp(input: $input) { user { id } } }', { input });
  const logIn = 'mutation($input: LogInInput!) { logIn(input: $input) { accessToken } }';
  return (await api.data(logIn, { input })).logIn.accessToken;
}

async function makeBoard() {
  const api = new Api(instances[0].url, REQUEST_LIMIT);
  const query = 'mutation { createBoard(input: { title: "x" }) { board { id } } }';
  const { createBoard } = await api.data(query, {}, token);
  return createBoard.board.id;
}

/** Creates cards, evenly over the time, until there are enough changes. Failed requests are not repeated. */
async function keepWriting() {
  while (counts.acknowledged < wanted) {
    const due = began + (counts.acknowledged / wanted) * Number(values.seconds) * 1000;
    await sleep(Math.max(0, due - performance.now()));
    const api = new Api(anyUrl(), REQUEST_LIMIT);
    const input = { boardId: pick(boards), card: { title: 'x' } };
    const answer = await api.mutate('createCard', input, 'card { id }', token);
    if (answer?.data?.createCard) counts.acknowledged += 1;
    else counts.failed += 1;
  }
}

async function keepKilling() {
  for (;;) {
    await sleep(KILL_EVERY);
    if (isOver) return;
    const old = instances[1];
    old.url = undefined;
    await killServer(old);
    instances[1] = await startServer(program, database);
    counts.kills += 1;
  }
}

/** Cuts followers off, evenly over the changes. */
async function keepCutting() {
  while (counts.disconnects < DISCONNECTS) {
    await eventually(600_000, 'changes', () => counts.acknowledged >= ((counts.disconnects + 1) * wanted) / (DISCONNECTS + 1));
    pick(followers).cut();
    counts.disconnects += 1;
  }
}

const token = await signUp();
const boards = await Promise.all(Array.from({ length: BOARDS }, makeBoard));
const followers = Array.from({ length: FOLLOWERS }, (_, at) => {
  const Transport = at % 2 === 0 ? EventStream : Socket;
  return new Transport({ board: boards[at % BOARDS], token, anyUrl });
});
const ends = followers.map((follower) => follower.run());
began = performance.now();
const killing = keepKilling();
await Promise.all([...Array.from({ length: WRITERS }, keepWriting), keepCutting()]);
const seconds = (performance.now() - began) / 1000;
isOver = true;
await killing;

const version = async (board) => {
  const api = new Api(instances[0].url, REQUEST_LIMIT);
  return (await api.data('query($b: ID!) { board(id: $b) { version } }', { b: board }, token)).board.version;
};
const versions = new Map(await Promise.all(boards.map(async (board) => [board, await version(board)])));
if (values.break === 'lost') followers[0].sequence -= 1;
if (values.break === 'twice') followers[0].apply({ sequence: 1, reset: false, events: [{ sequence: 1 }] }, true);

const faults = [];
for (const follower of followers) {
  const last = versions.get(follower.board);
  await eventually(END_LIMIT, 'the last event', () => follower.sequence >= last).catch(({ message }) => faults.push(message));
  follower.stop();
  faults.push(...follower.faults);
  if (follower.applied !== last) faults.push(`${follower.applied} events were applied, but the board has ${last}`);
}
await Promise.all(ends);
await Promise.all(instances.map(killServer));

const sum = (name) => followers.reduce((total, follower) => total + follower[name], 0);
printTable([
  {
    'changes acknowledged': counts.acknowledged,
    failed: counts.failed,
    seconds: Math.round(seconds),
    kills: counts.kills,
    'forced disconnects': counts.disconnects,
    connections: sum('connections'),
    'events applied': sum('applied'),
    'events skipped': sum('skipped'),
    resets: sum('resets'),
    faults: faults.length,
  },
]);
for (const fault of faults.slice(0, 10)) console.error(fault);
process.exit(faults.length > 0 ? 1 : 0);
