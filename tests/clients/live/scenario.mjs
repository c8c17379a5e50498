// One client follows a board while another user changes it, and loses its connection again and again.

import { isDeepStrictEqual } from 'node:util';
import { within } from '../../chaos/support.mjs';
import { account, endingIn, mutate } from '../accounts.mjs';
import { startClient } from '../process.mjs';
import { Proxy } from '../proxy.mjs';
import { BOARD } from './recipes/documents.mjs';
import { generator, Writer } from './writer.mjs';

const CHANGES = 200;
const CUTS = 10;
const TIME_LIMIT = 120_000;
/** The access token that a client begins with is valid for so many seconds. */
const FIRST_TOKEN = 4;

/** The events that the writer must have caused. */
const KINDS = [
  'BoardUpdatedEvent',
  'CardCreatedEvent',
  'CardUpdatedEvent',
  'CardMovedEvent',
  'CardLabelsChangedEvent',
  'CardDeletedEvent',
  'CardRestoredEvent',
  'ColumnReorderedEvent',
  'CommentAddedEvent',
  'LabelCreatedEvent',
  'LabelUpdatedEvent',
  'LabelDeletedEvent',
];

/** Runs the scenario with `client`. Returns figures, and throws an error if anything is wrong. */
export async function run(client, { api, secret, seed }) {
  const began = performance.now();
  const world = await makeWorld(client, api, generator(seed));
  const proxy = new Proxy(new URL(api.url).hostname, new URL(api.url).port);
  const port = await proxy.listen();
  const tokens = { ...world.tokens, accessToken: endingIn(FIRST_TOKEN, world.tokens.accessToken, secret) };
  const urls = { url: `http://127.0.0.1:${port}/graphql`, apiUrl: `${api.url}/graphql` };
  const follower = startClient(client.command, { ...urls, tokens, boardId: world.boardId });
  try {
    const work = changeAndCut(client, world, proxy).then(() => board(api, world));
    const end = await within(TIME_LIMIT, 'changes and cuts', Promise.race([work, follower.ended]));
    follower.send(end.version);
    const left = TIME_LIMIT - (performance.now() - began);
    const result = await within(left, `end of the client at version ${end.version}`, follower.next());
    check(result, end);
    return {
      client: client.name,
      events: result.seen.length,
      'seen again': result.repeated,
      cuts: CUTS,
      connections: proxy.connections,
      'tokens renewed': result.renewals,
      seconds: ((performance.now() - began) / 1000).toFixed(1),
    };
  } catch (error) {
    throw new Error(`${error.message}\n${follower.log()}`);
  } finally {
    follower.kill();
    proxy.close();
  }
}

// --- Accounts and the board ---

async function makeWorld(client, api, random) {
  const [reader, writer] = [await account(api, `${client.name}.reader`), await account(api, `${client.name}.writer`)];
  const made = await mutate(api, reader, 'createBoard', { title: client.name }, 'board { id labels { id color } }');
  const { id: boardId, labels } = made.board;
  await mutate(api, reader, 'shareBoard', { boardId, userId: writer.id, role: 'ADMIN' }, 'board { id }');
  const changes = new Writer(boardId, labels, mutate.bind(undefined, api, writer), random);
  await changes.prepare();
  return { boardId, tokens: reader.tokens, writer: changes, random };
}

async function board(api, { boardId, tokens }) {
  const { board } = await api.data(BOARD, { boardId, after: null }, tokens.accessToken);
  if (board.cards.pageInfo.hasNextPage) throw new Error('the board has too many cards for this test');
  return { version: board.version, cards: board.cards.nodes };
}

// --- Changes and cuts ---

/** Some changes arrive before each cut, and some are sent while the client is away. */
async function changeAndCut(client, { writer, random }, proxy) {
  await proxy.followed();
  for (let round = 0; round < CUTS; round += 1) {
    const cutAt = Math.floor((random() * CHANGES) / CUTS);
    for (let at = 0; at < CHANGES / CUTS; at += 1) {
      if (at === cutAt) await proxy.cut(kindOfCut(client, round));
      await writer.change();
    }
  }
}

function kindOfCut({ sendsPings }, round) {
  if (sendsPings && round === CUTS - 1) return 'silence';
  return round % 2 === 0 ? 'reset' : 'end';
}

// --- The comparison ---

function check(result, end) {
  checkSequences(result, end);
  checkCards('the copy', result.cards, end.cards);
  checkCards('the copy that began with a reset', result.lateCards, end.cards);
  const missing = KINDS.filter((kind) => !result.kinds.includes(kind));
  if (missing.length > 0) throw new Error(`no such event came: ${missing.join(', ')}`);
  if (result.resets > 0) throw new Error(`${result.resets} payloads had reset`);
  if (result.renewals === 0) throw new Error('the access token was never renewed');
}

/** Every event since the begin was applied once, in order. */
function checkSequences({ begin, seen }, { version }) {
  const wrong = seen.findIndex((sequence, at) => sequence !== begin + 1 + at);
  if (wrong >= 0) throw new Error(`sequence ${seen[wrong]} was applied after ${seen[wrong - 1] ?? begin}`);
  if (begin + seen.length !== version) throw new Error(`the last sequence is ${begin + seen.length}, but the version is ${version}`);
}

function checkCards(name, cards, expected) {
  const found = new Map(cards.map((card) => [card.id, withoutTypes(card)]));
  for (const card of expected) {
    if (isDeepStrictEqual(found.get(card.id), card)) continue;
    throw new Error(`${name} has ${JSON.stringify(found.get(card.id))}, but the board has ${JSON.stringify(card)}`);
  }
  const known = new Set(expected.map(({ id }) => id));
  const more = cards.filter(({ id }) => !known.has(id));
  if (more.length > 0) throw new Error(`${name} has cards that the board does not have: ${JSON.stringify(more)}`);
}

/** Some clients add `__typename` to every object. */
const withoutTypes = (card) => JSON.parse(JSON.stringify(card, (key, value) => (key === '__typename' ? undefined : value)));
