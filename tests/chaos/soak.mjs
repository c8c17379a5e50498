// Two instances under a steady load for half an hour: memory, file descriptors and latency must not grow.
//
// Usage: node tests/chaos/soak.mjs [--minutes 30] [--warm 5] [--rate 40] PATH/TO/kanban

import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { postgresDatabase } from './databases.mjs';
import { EventStream, Socket } from './follower.mjs';
import { Api, killServer, median, pick, printTable, sleep, startServer } from './support.mjs';

const BOARDS = 10;
const CARDS = 100;
const CLIENTS = 8;
const FOLLOWERS = 20;
const SAMPLE_MS = 5000;
const REQUEST_LIMIT = 10_000;
const PERCENT = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '30' },
    warm: { type: 'string', default: '5' },
    rate: { type: 'string', default: '40' },
  },
});
const [program] = positionals;
if (!program) {
  console.error('Usage: node soak.mjs [--minutes 30] [--warm 5] [--rate 40] PATH/TO/kanban');
  process.exit(2);
}
const [minutes, warm, rate] = [values.minutes, values.warm, values.rate].map(Number);

const database = postgresDatabase();
const instances = [await startServer(program, database), await startServer(program, database)];
const apis = instances.map(({ url }) => new Api(url, REQUEST_LIMIT));
const [times, samples, failures] = [[], [], []];
let isDone = false;

const LOG_IN = 'mutation($input: LogInInput!) { logIn(input: $input) { accessToken refreshToken } }';
const REFRESH = 'mutation($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken refreshToken } }';
const READ = `query($b: ID!) { board(id: $b) { title version columns { column cards(first: 50) { totalCount nodes { id title labels { color } } } } } }`;

/** Sends a request to one of the instances and notes how long it took. */
async function timed(query, variables, token) {
  const began = performance.now();
  const answer = await pick(apis).send(query, variables, token);
  const ended = performance.now();
  times.push([ended, ended - began]);
  if (!answer?.data || answer.errors) failures.push(JSON.stringify(answer) ?? 'no answer');
  return answer?.data;
}

const mutate = async (field, input, selection, token) => {
  const type = `${field[0].toUpperCase()}${field.slice(1)}Input`;
  const data = await timed(`mutation($input: ${type}!) { ${field}(input: $input) { ${selection} } }`, { input }, token);
  return data?.[field];
};

async function signUp(number) {
  const input = { email: `user${number}@example.com`, password: 'password' };
  await apis[0].data('mutation($input: SignUpInput!) { signUp(input: $input) { user { id } } }', { input });
  return { input, ...(await apis[0].data(LOG_IN, { input })).logIn };
}

/** A board whose number of cards stays about the same. */
async function makeBoard(owner) {
  const { board } = await mutate('createBoard', { title: 'Soak' }, 'board { id }', owner.accessToken);
  const cards = Array.from({ length: CARDS }, (_, at) => ({ title: `card ${at}` }));
  const made = await mutate('createCards', { boardId: board.id, cards }, 'cards { id }', owner.accessToken);
  return { id: board.id, owner, cards: made.cards.map(({ id }) => id) };
}

async function act(board) {
  const { owner, cards } = board;
  const token = owner.accessToken;
  const chance = Math.random();
  if (chance < 0.5) return timed(READ, { b: board.id }, token);
  if (chance < 0.65) return mutate('moveCard', { cardId: pick(cards), column: pick(['BACKLOG', 'TODO', 'DOING', 'DONE']) }, 'card { id }', token);
  if (chance < 0.8) return mutate('updateCard', { cardId: pick(cards), title: `card ${Math.random()}` }, 'card { id }', token);
  if (chance < 0.98) {
    // Its place in the list is taken by the new card.
    const at = Math.floor(Math.random() * cards.length);
    const created = await mutate('createCard', { boardId: board.id, card: { title: 'new' } }, 'card { id }', token);
    const [old] = cards.splice(at, 1, created.card.id);
    return mutate('deleteCard', { cardId: old }, 'deletedCardId', token);
  }
  const data = await timed(REFRESH, { input: { refreshToken: owner.refreshToken } });
  return Object.assign(owner, data?.refreshSession);
}

/** One client has boards of its own, so that no two of them change the same card. */
async function work(boards) {
  const pause = (CLIENTS / rate) * 1000;
  let next = performance.now() + Math.random() * pause;
  while (!isDone) {
    await sleep(Math.max(0, next - performance.now()));
    next += pause;
    await act(pick(boards)).catch((error) => failures.push(error.message));
  }
}

async function watch() {
  while (!isDone) {
    const now = performance.now();
    for (const [at, { child }] of instances.entries()) {
      const memory = Number(readFileSync(`/proc/${child.pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+)/m)[1]) / 1024;
      samples.push({ now, at, memory, files: readdirSync(`/proc/${child.pid}/fd`).length });
    }
    await sleep(SAMPLE_MS);
  }
}

const owners = await Promise.all(Array.from({ length: CLIENTS }, (_, at) => signUp(at)));
const boards = await Promise.all(Array.from({ length: BOARDS * CLIENTS }, (_, at) => makeBoard(owners[at % CLIENTS])));
const followers = Array.from({ length: FOLLOWERS }, (_, at) => {
  const { id, owner } = boards[at];
  const Transport = at % 2 === 0 ? EventStream : Socket;
  return new Transport({ board: id, token: owner.accessToken, anyUrl: () => pick(apis).url });
});
followers.forEach((follower) => follower.run());
times.length = 0;
const began = performance.now();
const running = [watch(), ...owners.map((owner) => work(boards.filter((board) => board.owner === owner)))];
await sleep(minutes * 60_000);
isDone = true;
await Promise.all(running);
for (const follower of followers) follower.stop();

const third = ((minutes - warm) / 2) * 60_000 < 600_000 ? ((minutes - warm) / 2) * 60_000 : 600_000;
const [first, last] = [began + warm * 60_000, began + minutes * 60_000 - third];
const within = (from) => (time) => time >= from && time < from + third;
const of = (from, at, name) => median(samples.filter((sample) => within(from)(sample.now) && sample.at === at).map((sample) => sample[name] * 100)) / 100;
const latencies = (from) => times.filter(([ended]) => within(from)(ended)).map(([, took]) => took);
const quantile = (list, part) => [...list].sort((a, b) => a - b)[Math.floor(list.length * part)];
const rows = [];
const compare = (name, before, after) => rows.push({ what: name, first: before.toFixed(2), last: after.toFixed(2), 'change, %': (((after - before) / before) * 100).toFixed(1) });
for (const at of [0, 1]) {
  compare(`memory of instance ${at + 1}, MB`, of(first, at, 'memory'), of(last, at, 'memory'));
  compare(`file descriptors of instance ${at + 1}`, of(first, at, 'files'), of(last, at, 'files'));
}
for (const [name, part] of [['median', 0.5], ['95 %', 0.95], ['99 %', 0.99]]) {
  compare(`latency, ${name}, ms`, quantile(latencies(first), part), quantile(latencies(last), part));
}
printTable(rows);
const [connections, faults] = [followers.reduce((sum, one) => sum + one.connections, 0), followers.flatMap((one) => one.faults)];
console.log(`${times.length} requests, ${failures.length} failed; ${FOLLOWERS} followers, ${connections} connections, ${faults.length} faults`);
for (const text of [...failures, ...faults].slice(0, 5)) console.error(text);
await Promise.all(instances.map(killServer));
const grown = rows.filter((row) => Number(row['change, %']) > PERCENT);
for (const row of grown) console.error(`more than ${PERCENT} %: ${row.what}`);
process.exit(failures.length + faults.length + grown.length > 0 ? 1 : 0);
