// Sends the requests for which the limits were made, and measures the server's CPU time and memory and
// the latency of other clients. Fails if one of the goals below is missed.
//
// Usage: node benches/bounds.mjs PATH/TO/kanban (a release build; on DATABASE_URL, or on a new SQLite file)

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const TICKS = 100; // kernel clock ticks per second

// The goals.
const MOST_CPU = 50; // ms for each MB of a request
const MOST_MEMORY = 250; // MB
const LONGEST_WAIT = 1000; // ms, for a small read of another account

const missed = [];
function goal(what, found, most) {
  if (found > most) missed.push(`${what}: ${found} instead of at most ${most}`);
}

const folder = mkdtempSync(join(tmpdir(), 'kanban-'));
const env = {
  LISTEN_ADDR: '127.0.0.1:0',
  LOG_LEVEL: 'info',
  RATE_LIMIT: 'off',
  ARGON2_MEMORY_KIB: '8',
  JWT_SECRET: 'x'.repeat(32),
  ...(process.env.DATABASE_URL && { DATABASE_URL: process.env.DATABASE_URL }),
};
const server = spawn(resolve(process.argv[2]), { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
let log = '';
server.stderr.setEncoding('utf8').on('data', (text) => (log = (log + text).slice(-10_000)));

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const status = (name) => Number(readFileSync(`/proc/${server.pid}/status`, 'utf8').match(`${name}:\\s+(\\d+)`)[1]) / 1024;
const resident = () => Math.round(status('VmRSS'));
let highest = 0;
/** The peak memory since the last call (since the start, where the kernel does not allow to reset it). */
function peak() {
  const found = Math.round(status('VmHWM'));
  highest = Math.max(highest, found);
  try {
    writeFileSync(`/proc/${server.pid}/clear_refs`, '5');
  } catch {}
  return found;
}
/** CPU time of the server in ms. */
const cpu = () => {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
};

async function address() {
  for (let tries = 0; tries < 600; tries += 1) {
    const found = log.match(/listening on (http:[^,\s]*)/);
    if (found) return found[1];
    await sleep(100);
  }
  throw new Error(`the server did not start:\n${log}`);
}

const url = await address();

async function send(body, token) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${url}/graphql`, { method: 'POST', headers, body });
  const text = await answer.text();
  return { text, json: text.length < 100_000 ? JSON.parse(text) : undefined };
}

const ask = (query, variables, token) => send(JSON.stringify({ query, variables }), token);
const outcome = ({ text, json }) => json?.errors?.[0]?.extensions?.code ?? `${Math.round(text.length / 1024)} KiB`;

async function account(name) {
  const input = `{ email: "${name}-${process.pid}@example.com", password: "password" }`;
  await ask(`mutation { signUp(input: ${input}) { user { id } } }`);
  const { json } = await ask(`mutation { logIn(input: ${input}) { accessToken } }`);
  return json.data.logIn.accessToken;
}

async function board(token, cards, characters) {
  const made = await ask('mutation { createBoard(input: { title: "x" }) { board { id } } }', {}, token);
  const id = made.json.data.createBoard.board.id;
  const query = 'mutation($i: CreateCardsInput!) { createCards(input: $i) { cards { id } } }';
  for (let n = 0; n < cards; n += 25) {
    const card = { title: 'card', description: 'x'.repeat(characters) };
    await ask(query, { i: { boardId: id, cards: Array(25).fill(card) } }, token);
  }
  return id;
}

/** The latency of a small read by another account during `work`: median and maximum, in ms. */
async function meanwhile(token, work) {
  let done = false;
  const times = [];
  const reads = (async () => {
    while (!done) {
      const start = performance.now();
      const answer = await ask('{ boards(first: 1) { nodes { title } } }', {}, token);
      if (!answer.json?.data) throw new Error(answer.text);
      times.push(performance.now() - start);
      await sleep(20);
    }
  })();
  const result = await work();
  done = true;
  await reads;
  times.sort((a, b) => a - b);
  return { result, median: Math.round(times[times.length >> 1]), longest: Math.round(times.at(-1)) };
}

const row = (what, ...cells) => console.log(`| ${[what, ...cells].join(' | ')} |`);
const counted = (list) => [...new Set(list)].map((one) => `${list.filter((other) => other === one).length} × ${one}`).join(', ');

try {
  const [ann, bob] = [await account('ann'), await account('bob')];
  const large = await board(ann, 1000, 20_000);
  await board(bob, 25, 10);

  console.log('\n| 1 MB without a token | response | CPU time |\n|---|---|--:|');
  const numbers = Array.from({ length: 150_000 }, (_, n) => n);
  for (const [what, query, variables] of [
    ['one list, 50 uses', `query($x:[ID!]!){${Array.from({ length: 50 }, (_, n) => `a${n}:nodes(ids:$x){id}`).join(' ')}}`, { x: numbers }],
    ['100 lists', `query(${Array.from({ length: 100 }, (_, n) => `$x${n}:[ID!]!`).join(' ')}){viewer{id}}`, Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`x${n}`, numbers.slice(0, 1_500)]))],
    ['invalid characters', '?'.repeat(1_000_000)],
    ['commas', `{__typename${','.repeat(1_000_000)}}`],
    ['comments', `{__typename${'#\n'.repeat(300_000)}}`],
    ['one comment, 3 locations', `#${'x'.repeat(1_000_000)}\n{viewer{a b c}}`],
    ['a string', `{node(id:"${'é'.repeat(500_000)}"){id}}`],
    ['4,900 values, 50 uses', `query($x:[ID!]!){${Array.from({ length: 50 }, (_, n) => `a${n}:nodes(ids:$x){id}`).join(' ')}}`, { x: Array(4900).fill('x'.repeat(200)) }],
  ]) {
    const body = JSON.stringify({ query, variables });
    const before = cpu();
    const answers = [];
    for (let n = 0; n < 20; n += 1) answers.push(outcome(await send(body)));
    const time = (cpu() - before) / 20 / (Buffer.byteLength(body) / 1e6);
    goal(`CPU time, ${what}, in ms/MB`, time, MOST_CPU);
    row(what, counted(answers), `${time.toFixed(1)} ms/MB`);
  }

  console.log('\n| small documents without a token | response | CPU time |\n|---|---|--:|');
  const chain = Array.from({ length: 90 }, (_, n) => `fragment F${n} on User{...F${n + 1}} `).join('');
  const wide = `fragment F90 on User{${'id '.repeat(1800)}}`;
  const aliases200 = Array.from({ length: 190 }, (_, n) => `a${String(n).padStart(3, '0')}:id`).join(' ');
  for (const [what, query] of [
    ['250 operations with 90 fragments', Array.from({ length: 250 }, (_, n) => `query Q${n}{viewer{...F0}} `).join('') + chain + wide],
    ['10 operations with 90 fragments', Array.from({ length: 10 }, (_, n) => `query Q${n}{viewer{...F0}} `).join('') + chain + wide],
    ['190 aliases on an interface', `{nodes(ids:[]){${aliases200}}}`],
  ]) {
    const before = cpu();
    const answers = [];
    // A name makes each of them a new document.
    for (let n = 0; n < 20; n += 1) answers.push(outcome(await ask(`${query} query N${n}{__typename}`, {})));
    const time = (cpu() - before) / 20;
    goal(`CPU time, ${what}, in ms`, time, MOST_CPU);
    row(what, counted(answers), `${time.toFixed(1)} ms`);
  }

  console.log(`\nIdle: ${resident()} MB. Peak so far: ${peak()} MB.\n`);
  console.log('| 20 concurrent clients | responses | peak memory | another read: median, maximum |\n|---|---|--:|--:|');
  const aliases = Array.from({ length: 40 }, (_, n) => `a${n}:cards(first:${1000 - n}){nodes{id}}`).join(' ');
  for (const [what, fields] of [
    ['40 pages of 1,000 cards with their IDs', aliases],
    ['1,000 descriptions of 20 kB', 'cards(first:1000){nodes{description}}'],
    ['1,000 cards, 150 fields that wait', `cards(first:1000){nodes{${Array.from({ length: 150 }, (_, n) => `a${n}:comments(first:0){totalCount}`).join(' ')}}}`],
    ['1,000 cards, 190 fields of a connection', `cards(first:1000){nodes{comments(first:0){${Array.from({ length: 190 }, (_, n) => `a${n}:totalCount`).join(' ')}}}}`],
    ['1,000 cards, 3 fields that wait', 'cards(first:1000){nodes{id title comments(first:0){totalCount} activity(first:0){totalCount} b:comments(first:1){nodes{id}}}}'],
    ['1,000 cards, 150 aliases', `cards(first:1000){nodes{${Array.from({ length: 150 }, (_, n) => `a${n}:title`).join(' ')}}}`],
  ]) {
    const query = `{board(id:"${large}"){${fields}}}`;
    const work = () => Promise.all(Array.from({ length: 20 }, () => ask(query, {}, ann).then(outcome)));
    const { result, median, longest } = await meanwhile(bob, work);
    goal(`wait, ${what}, in ms`, longest, LONGEST_WAIT);
    row(what, counted(result), `${peak()} MB`, `${median} ms, ${longest} ms`);
  }
  const failing = `${' '.repeat(900_000)}query($x:[ID!]!){${Array.from({ length: 50 }, (_, n) => `a${n}:nodes(ids:$x){...F}`).join(' ')}} fragment F on Board{cards(first:-1){totalCount}}`;
  const errors = () => Promise.all(Array.from({ length: 20 }, () => ask(failing, { x: Array(200).fill(large) }, ann).then(outcome)));
  const failed = await meanwhile(bob, errors);
  goal('wait, 10,000 errors, in ms', failed.longest, LONGEST_WAIT);
  row('10,000 errors in a document of 900 kB', counted(failed.result), `${peak()} MB`, `${failed.median} ms, ${failed.longest} ms`);

  const query = JSON.stringify({ query: `{board(id:"${large}"){cards(first:1000){nodes{description}}}}` });
  const head = `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer ${ann}\r\ncontent-length: ${query.length}\r\n\r\n`;
  let closed = 0;
  const { host, port } = new URL(url);
  const sockets = Array.from({ length: 20 }, () => {
    const socket = connect(Number(port), host.split(':')[0]);
    socket.pause().on('error', () => {}).on('close', () => (closed += 1));
    socket.write(head + query);
    return socket;
  });
  await sleep(3_000);
  const held = resident();
  await sleep(15_000);
  const after = resident();
  sockets.forEach((socket) => socket.destroy());
  console.log(`\n20 clients that request 1,000 descriptions and do not read the response: ${held} MB after 3 s, ${after} MB after 18 s.\n`);

  console.log('| 12 concurrent clients of one account | responses | time | another read: median, maximum |\n|---|---|--:|--:|');
  const searches = Array.from({ length: 190 }, (_, n) => `a${n}:cards(filter:{text:"zz${n}"}){totalCount}`).join(' ');
  const start = performance.now();
  const work = () => Promise.all(Array.from({ length: 12 }, () => ask(`{board(id:"${large}"){${searches}}}`, {}, ann).then(outcome)));
  const { result, median, longest } = await meanwhile(bob, work);
  row('190 searches of 20 MB', counted(result), `${Math.round(performance.now() - start)} ms`, `${median} ms, ${longest} ms`);
  goal('wait, searches, in ms', longest, LONGEST_WAIT);
  peak();
  console.log(`\nPeak memory overall: ${highest} MB.`);
  goal('memory, in MB', highest, MOST_MEMORY);
  console.log(missed.length ? `\nMissed:\n${missed.join('\n')}` : '\nAll goals are met.');
  process.exitCode = missed.length ? 1 : 0;
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
