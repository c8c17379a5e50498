// Runs kanban behind nginx, Caddy and haproxy with the files of deploy/: requests, streams, compression, the client's
// address, and a path.
//
// Usage: node tests/proxies/run.mjs PATH/TO/kanban

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sqliteDatabase } from '../chaos/databases.mjs';
import { freePort } from '../chaos/haproxy.mjs';
import { Api, atExit, eventually, killServer, startServer, within } from '../chaos/support.mjs';
import { proxies } from './configs.mjs';

const WebSocket = createRequire(new URL('../clients/package.json', import.meta.url))('ws');

const LIMIT = 10_000;
const FOLLOW = 'subscription($b: ID!) { boardEvents(boardId: $b) { events { __typename } } }';
/** Streams that one address may open. */
const STREAMS = 3;

const [program] = process.argv.slice(2);
if (!program) {
  console.error('Usage: node tests/proxies/run.mjs PATH/TO/kanban');
  process.exit(2);
}

/** Starts the proxy and waits until it passes requests on. */
async function startProxy(name, { folder, kanban, path }) {
  const port = await freePort();
  const file = join(folder, name);
  writeFileSync(file, proxies[name].text({ folder, port, kanban, path }));
  const [command, options] = proxies[name].command(file);
  const output = [];
  const env = { ...process.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(command, options, { stdio: ['ignore', 'pipe', 'pipe'], env });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => output.push(text));
  // SIGTERM, on which nginx ends its workers too.
  atExit(() => child.kill('SIGTERM'));
  const url = `http://127.0.0.1:${port}${path}`;
  const api = new Api(url, LIMIT);
  const isReady = async () => (await api.status('/readyz')) === 200;
  await eventually(LIMIT, `${name}\n${output.join('')}`, isReady).catch((error) => {
    throw new Error(`${error.message}\n${output.join('')}`);
  });
  return { child, url, api };
}

async function makeUser(api) {
  const input = { email: 'ann@example.com', password: 'correct horse' };
  await api.data('mutation($input: SignUpInput!) { signUp(input: $input) { user { id } } }', { input });
  const { logIn } = await api.data('mutation($input: LogInInput!) { logIn(input: $input) { accessToken } }', { input });
  const board = (await api.data('mutation { createBoard(input: { title: "x" }) { board { id } } }', {}, logIn.accessToken)).createBoard.board.id;
  return { token: logIn.accessToken, board };
}

/** A subscription over WebSocket: `events` has the payloads, `opened` whether it was accepted. */
function openSocket({ url }, { token, board }, options = {}) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', options);
  const stream = { events: [], close: () => socket.terminate() };
  const send = (message) => socket.send(JSON.stringify(message));
  stream.opened = new Promise((done) => {
    socket.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
    socket.on('error', () => done(false));
    socket.on('close', () => done(false));
    socket.on('message', (data) => {
      const { type, payload } = JSON.parse(data);
      if (type === 'connection_ack') send({ id: '1', type: 'subscribe', payload: { query: FOLLOW, variables: { b: board } } });
      if (type === 'next') stream.events.push(...payload.data.boardEvents.events);
      if (type === 'next') done(true);
    });
  });
  return stream;
}

/** The same over Server-Sent Events. */
function openEvents({ url }, { token, board }, options = {}) {
  const headers = { ...options.headers, accept: 'text/event-stream', 'accept-encoding': 'gzip', 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const request = http.request(`${url}/graphql`, { ...options, method: 'POST', headers });
  const stream = { events: [], close: () => request.destroy() };
  stream.opened = new Promise((done) => {
    request.on('error', () => done(false));
    request.on('response', (response) => {
      if (response.statusCode !== 200) done(false);
      response.setEncoding('utf8').on('error', () => {});
      response.on('data', (text) => {
        for (const [, json] of text.matchAll(/^data: (\{.*)$/gm)) {
          stream.events.push(...JSON.parse(json).data.boardEvents.events);
          done(true);
        }
      });
    });
  });
  request.end(JSON.stringify({ query: FOLLOW, variables: { b: board } }));
  return stream;
}

async function createCard({ api }, { token, board }, description = '') {
  await api.data('mutation($input: CreateCardInput!) { createCard(input: $input) { card { id } } }', { input: { boardId: board, card: { title: 'x', description } } }, token);
}

async function streamsAreLive(proxy, user) {
  for (const open of [openSocket, openEvents]) {
    const stream = open(proxy, user);
    assert.ok(await within(LIMIT, open.name, stream.opened), open.name);
    await createCard(proxy, user);
    await eventually(LIMIT, `an event: ${open.name}`, () => stream.events.some(({ __typename }) => __typename === 'CardCreatedEvent'));
    stream.close();
  }
}

/** kanban counts streams by the client's address, which only the proxy sees; what a client says about itself is ignored. */
async function theAddressIsTheClients(proxy, user) {
  const open = async (localAddress, forged) => {
    const stream = openSocket(proxy, user, { localAddress, headers: forged ? { 'x-forwarded-for': forged } : {} });
    return (await within(LIMIT, 'a stream', stream.opened)) ? stream : undefined;
  };
  // Streams that were closed before may still be counted.
  const first = await eventually(LIMIT, 'a stream', () => open('127.0.0.2'));
  const others = [await open('127.0.0.2', '1.1.1.1'), await open('127.0.0.2', '2.2.2.2')];
  assert.equal(await open('127.0.0.2'), undefined, 'one stream too many');
  assert.equal(await open('127.0.0.2', '127.0.0.3'), undefined, 'one stream too many, with a forged address');
  const other = await open('127.0.0.3');
  assert.ok(other, 'a stream of another client');
  for (const stream of [first, ...others, other]) stream.close();
}

async function largeAnswersAreCompressedOnce(proxy, user) {
  for (let n = 0; n < 5; n += 1) await createCard(proxy, user, 'text '.repeat(1000));
  const body = JSON.stringify({ query: 'query($b: ID!) { board(id: $b) { cards { nodes { description } } } }', variables: { b: user.board } });
  const headers = { 'accept-encoding': 'gzip', 'content-type': 'application/json', authorization: `Bearer ${user.token}` };
  const [response, bytes] = await new Promise((done, fail) => {
    const request = http.request(`${proxy.url}/graphql`, { method: 'POST', headers }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part)).on('end', () => done([response, Buffer.concat(parts)]));
    });
    request.on('error', fail).end(body);
  });
  assert.equal(response.headers['content-encoding'], 'gzip');
  assert.equal(JSON.parse(gunzipSync(bytes)).data.board.cards.nodes.length, 7);
}

/** A body of the largest size that kanban reads gets through. */
async function largeBodiesPass({ api }) {
  const answer = await api.send(`{ __typename } #${'x'.repeat(1_040_000)}`, {});
  assert.equal(answer.data.__typename, 'Query');
}

/** The links of the first page lead to pages of the server. */
async function linksLeadSomewhere({ url }) {
  const page = await (await fetch(`${url}/`)).text();
  const links = [...page.matchAll(/href="([^"#]+)"/g)].map(([, link]) => new URL(link, `${url}/`).href).filter((link) => link.startsWith(url));
  assert.ok(links.length > 5, page);
  for (const link of links) assert.equal((await fetch(link)).status, 200, link);
}

for (const name of Object.keys(proxies)) {
  for (const path of ['', '/kanban']) {
    const database = sqliteDatabase();
    const settings = { TRUSTED_PROXIES: '1', LIVE_MAX_STREAMS_PER_ADDRESS: String(STREAMS), BASE_PATH: path || '/' };
    const server = await startServer(program, database, settings);
    const proxy = await startProxy(name, { folder: database.folder, kanban: new URL(server.url).port, path });
    const user = await makeUser(proxy.api);
    await streamsAreLive(proxy, user);
    await theAddressIsTheClients(proxy, user);
    await largeAnswersAreCompressedOnce(proxy, user);
    await largeBodiesPass(proxy);
    await linksLeadSomewhere(proxy);
    proxy.child.kill('SIGTERM');
    await killServer(server);
    console.log(`${name} with kanban at ${path || '/'}: passed`);
  }
}
process.exit(0);
