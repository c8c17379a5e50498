// Runs clients that send hashes or IDs instead of documents, on SQLite, and on PostgreSQL if TEST_DATABASE_URL is set.
//
// Usage: node run.mjs PATH/TO/kanban

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Environment, RecordSource, Store } from 'relay-runtime';
import { postgresDatabase, sqliteDatabase } from '../../chaos/databases.mjs';
import { Api, within } from '../../chaos/support.mjs';
import { start } from '../../conformance/server.mjs';
import { account, mutate } from '../accounts.mjs';
import { compile } from '../clients.mjs';
import { checkGuides } from '../guide.mjs';
import * as relaySession from '../live/recipes/session.mjs';
import { Proxy } from '../proxy.mjs';
import { buildRelay } from '../relay/build.mjs';

const SETTINGS = { JWT_SECRET: 'clients'.repeat(5), ARGON2_MEMORY_KIB: '8', RATE_LIMIT: 'off' };
const LIMIT = 30_000;
const EMAIL = 'persisted@example.com';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const RELAY = at('relay');
const LISTS = {
  apollo: at('../src/persisted/manifest.json'),
  codegen: at('../src/persisted/gql/persisted-documents.json'),
  relay: at('relay/persisted_queries.json'),
};

const [program] = process.argv.slice(2);
if (!program) throw new Error('usage: node run.mjs PATH/TO/kanban');
checkGuides();
compile();
// The compiler adds to the list, which must exist.
writeFileSync(LISTS.relay, '{}');
buildRelay(RELAY);
const { provideBrowser } = await import('../build/harness/browser.js');
provideBrowser();
const { AUTOMATIC, TRUSTED } = await import('../build/persisted/clients.js');
const { Session } = await import('../build/session/session.js');
const { createClient } = await import('./relay/build/client.js');
const { createNetwork } = await import('./relay/network.mjs');

function relay(session, tokens) {
  const network = createNetwork(session.url.replace(/^http/, 'ws'), new relaySession.Session(session.url, tokens));
  return createClient(new Environment({ network, store: new Store(new RecordSource()) }));
}

const ofApollo = { apollo: TRUSTED.apollo };
const ofCodegen = { urql: TRUSTED.urql, 'graphql-codegen': TRUSTED['graphql-codegen'] };

/** Starts an instance with these settings, and gives it to `test`. */
async function withServer(database, settings, test) {
  const server = await start(program, { ...SETTINGS, DATABASE_URL: database.url, ...settings });
  try {
    return await test(server.url);
  } finally {
    server.stop();
  }
}

/** Connects a client over a proxy, which notes what it sends. */
async function connected(url, connect, { tokens }, test) {
  const { hostname, port } = new URL(url);
  const proxy = new Proxy(hostname, port);
  const session = new Session(`http://127.0.0.1:${await proxy.listen()}/graphql`);
  session.start(tokens);
  try {
    await within(LIMIT, 'client', test(connect(session, tokens), proxy));
  } finally {
    proxy.close();
  }
}

/** The requests during an action, and how many of them had the text of a document. */
async function counted(proxy, action) {
  const from = proxy.sent.length;
  const result = await action();
  const requests = proxy.count(' HTTP/1.1\r\n', from);
  const texts = proxy.count('"query":"', from) + proxy.count('query=', from);
  return { result, requests, texts };
}

/** Automatic persisted queries: each document is sent once. */
async function automatic({ viewer, createCard }, proxy, { input, mutationsToo, known }) {
  const first = { result: EMAIL, requests: known ? 1 : 2, texts: known ? 0 : 1 };
  assert.deepEqual(await counted(proxy, viewer), first);
  assert.deepEqual(await counted(proxy, viewer), { result: EMAIL, requests: 1, texts: 0 });
  const { title } = input.card;
  const firstCard = mutationsToo ? { requests: known ? 1 : 2, texts: known ? 0 : 1 } : { requests: 1, texts: 1 };
  assert.deepEqual(await counted(proxy, () => createCard(input)), { result: title, ...firstCard });
  const { requests, texts } = await counted(proxy, () => createCard(input));
  assert.deepEqual({ requests, texts }, { requests: 1, texts: mutationsToo ? 0 : 1 });
}

/** A server that registers nothing: the client finds out once, and sends documents from then on. */
async function turnedOff({ viewer, createCard }, proxy, { input }) {
  assert.deepEqual(await counted(proxy, viewer), { result: EMAIL, requests: 2, texts: 1 });
  assert.deepEqual(await counted(proxy, viewer), { result: EMAIL, requests: 1, texts: 1 });
  assert.deepEqual(await counted(proxy, () => createCard(input)), { result: input.card.title, requests: 1, texts: 1 });
}

/** Trusted documents: no document is sent, over HTTP and over a WebSocket. */
async function trusted({ viewer, createCard, follow }, proxy, { input }) {
  const run = async () => [await viewer(), await createCard(input), await follow(input.boardId)];
  const { result, texts } = await counted(proxy, run);
  assert.deepEqual(result.slice(0, 2), [EMAIL, input.card.title]);
  assert.ok(result[2] > 0, 'the sequence of the board');
  assert.equal(texts, 0, 'texts');
}

async function onlyListed(url, { tokens }) {
  const answer = await new Api(new URL(url).origin, LIMIT).send('{ viewer { email } }', {}, tokens.accessToken);
  assert.equal(answer.errors[0].extensions.code, 'PERSISTED_QUERY_ID_REQUIRED');
}

let ran = 0;
async function runEach(kind, url, user, clients, test, world) {
  for (const [name, connect] of Object.entries(clients)) {
    const isUrql = name === 'urql';
    await connected(url, connect, user, (client, proxy) => test(client, proxy, { ...world, mutationsToo: !isUrql }));
    console.log(`${kind}: ${test.name} ${name}`);
    ran += 1;
  }
}

async function runAll(database) {
  await withServer(database, {}, async (url) => {
    const { kind } = database;
    const api = new Api(new URL(url).origin, LIMIT);
    const user = await account(api, 'persisted');
    const { board } = await mutate(api, user, 'createBoard', { title: 'Persisted' }, 'board { id }');
    const world = { input: { boardId: board.id, card: { title: 'Sent by hash' } } };
    await runEach(kind, url, user, AUTOMATIC, automatic, world);
    // Another user of the same client: all documents are registered.
    await runEach(kind, url, user, AUTOMATIC, automatic, { ...world, known: true });
    const off = { AUTOMATIC_PERSISTED_QUERIES: 'off' };
    await withServer(database, off, (other) => runEach(kind, other, user, AUTOMATIC, turnedOff, world));
    for (const [list, clients] of [['apollo', ofApollo], ['codegen', ofCodegen], ['relay', { relay }]]) {
      await withServer(database, { TRUSTED_DOCUMENTS: LISTS[list] }, async (other) => {
        await runEach(kind, other, user, clients, trusted, world);
        await onlyListed(other, user);
      });
    }
  });
}

await runAll(sqliteDatabase());
if (process.env.TEST_DATABASE_URL) await runAll(postgresDatabase());
else console.log('PostgreSQL: not tested, because TEST_DATABASE_URL is not set');
console.log(`${ran} clients ran`);
process.exit(0);
