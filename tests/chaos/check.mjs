// Compares the database with the ledger.

import { eventually } from './support.mjs';

const PAGE = 'pageInfo { hasNextPage endCursor }';
const FIELDS = 'id title description column version labels { color } comments(first: 200) { nodes { body } }';
const KINDS = ['CardCreated', 'CardUpdated', 'CardMoved', 'CardLabelsChanged', 'CardDeleted', 'CardRestored', 'CommentAdded'];
const EVENT = `__typename sequence ${KINDS.map((kind) => `... on ${kind}Event { cardId }`).join(' ')}`;

const listQuery = (list, nodes, variables = '') =>
  `query($id: ID!, $after: String ${variables}) { board(id: $id) { version list: ${list} { nodes { ${nodes} } ${PAGE} } } }`;

const LISTS = {
  cards: listQuery('cards(first: 200, after: $after)', FIELDS),
  deletedCards: listQuery('deletedCards(first: 200, after: $after)', FIELDS),
  activity: listQuery('activity(first: 200, after: $after, afterSequence: $since)', EVENT, '$since: Int!'),
};

const SETTLE_LIMIT = 60_000;
let settled = 0;

/** Changes each board once: its lock is free only after every earlier transaction on the board has ended. */
export async function settle(api, world) {
  for (const board of world.boards) {
    const input = { boardId: board.id, description: `Settled ${(settled += 1)}` };
    await eventually(SETTLE_LIMIT, `a change of ${board.id}`, async () => {
      const answer = await api.mutate('updateBoard', input, 'board { id }', world.admin.token);
      return answer && !answer.errors;
    });
  }
}

async function readList(api, world, name, variables) {
  const nodes = [];
  let board;
  do {
    const after = board?.list.pageInfo.endCursor;
    ({ board } = await api.data(LISTS[name], { ...variables, after }, world.admin.token));
    if (!board) throw new Error(`${variables.id} does not exist`);
    nodes.push(...board.list.nodes);
  } while (board.list.pageInfo.hasNextPage);
  return { nodes, version: board.version };
}

/** Reads the events after the last check and returns the version of the board. */
async function readHistory({ api, world, ledger }, board) {
  const { nodes, version } = await readList(api, world, 'activity', { id: board.id, since: board.checked });
  let latest = board.checked;
  for (const { sequence, __typename, cardId } of nodes.reverse()) {
    if (sequence !== latest + 1) ledger.fault('history', `${board.id}: event ${sequence} follows ${latest}`);
    if (cardId) board.history.set(cardId, [...(board.history.get(cardId) ?? []), __typename]);
    latest = sequence;
  }
  if (latest !== version) ledger.fault('history', `${board.id} has version ${version}, but its latest event is ${latest}`);
  if (version < board.version) ledger.fault('lost', `${board.id} has version ${version}, but a client has seen ${board.version}`);
  Object.assign(board, { version, checked: version });
  return version;
}

const stateOf = (node, deleted, events) => ({
  title: node.title,
  description: node.description,
  column: node.column,
  labels: node.labels.map(({ color }) => color),
  deleted,
  comments: node.comments.nodes.map(({ body }) => body),
  events,
});

/** All cards of a board by their tags, with state, ID and version. */
async function readCards({ api, world, ledger }, board, found) {
  const strays = new Set(board.history.keys());
  for (const name of ['cards', 'deletedCards']) {
    const { nodes } = await readList(api, world, name, { id: board.id });
    for (const node of nodes) {
      const { id, version } = node;
      const tag = node.title.split(' ')[0];
      if (found.has(tag)) ledger.fault('other', `${id} and ${found.get(tag).id} are from one write`);
      if (version > board.version) ledger.fault('history', `${id} has version ${version}, its board only ${board.version}`);
      found.set(tag, { id, version, state: stateOf(node, name === 'deletedCards', board.history.get(id) ?? []) });
      strays.delete(id);
    }
  }
  for (const id of strays) ledger.fault('history', `${board.id} has events of ${id}, but not the card`);
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const keys = ['title', 'description', 'column', 'labels', 'deleted', 'comments', 'events'];
const equal = (one, other) => one === other || (one && other && keys.every((key) => same(one[key], other[key])));

/** Whether every field is from the state before or after the write, but not all from the same. */
function isMix(seen, state, next) {
  return seen !== null && (state === null || keys.every((key) => same(seen[key], state[key]) || same(seen[key], next[key])));
}

const MAX_TEXT = 400;
/** The number of faults of each kind that are printed. */
const MAX_PRINTED = 3;

function describe(card, seen) {
  const { state, doubt } = card;
  const differs = keys.filter((key) => !same(seen?.[key], state?.[key]));
  const text = (key) => `${key} ${JSON.stringify(seen[key])} instead of ${JSON.stringify(state[key])}`;
  const what = !seen ? 'is missing' : !state ? `was created as ${JSON.stringify(seen)}` : `has ${differs.map(text).join(', ')}`;
  const write = doubt ? ` (in doubt: ${doubt.write.field}, ${doubt.write.outcome}, answer ${doubt.write.answer})` : '';
  return `${card.id ?? card.tag} on ${card.board.id} ${what.slice(0, MAX_TEXT)}${write.slice(0, MAX_TEXT)}`;
}

function compare(ledger, card, found) {
  const { state, doubt } = card;
  const seen = found?.state ?? null;
  if (equal(seen, state)) {
    doubt?.write.found.add('not done');
    if (doubt?.write.outcome === 'committed') ledger.fault('lost', describe(card, seen));
  } else if (doubt && equal(seen, doubt.next)) {
    doubt.write.found.add('done');
    if (doubt.write.outcome === 'refused') ledger.fault('refused, but done', describe(card, seen));
  } else {
    ledger.fault(doubt && isMix(seen, state, doubt.next) ? 'half done' : 'lost', describe(card, seen));
  }
  if (found && found.version < card.version) ledger.fault('lost', `${found.id} has version ${found.version}, but a client has seen ${card.version}`);
  // The next check reports only what is new.
  Object.assign(card, { doubt: undefined, state: seen, id: found?.id, version: found?.version ?? 0 });
  if (!found) ledger.cards.delete(card.tag);
}

/** Decides all doubts. Returns how many unknown and unanswered writes were done. */
export async function check({ api, world, ledger }, { fromStart = false } = {}) {
  const found = new Map();
  for (const board of world.boards) {
    if (fromStart) Object.assign(board, { checked: 0, history: new Map() });
    await readHistory({ api, world, ledger }, board);
    await readCards({ api, world, ledger }, board, found);
  }
  const doubts = new Set([...ledger.cards.values()].flatMap((card) => card.doubt?.write ?? []));
  for (const [tag, { id }] of found) {
    if (!ledger.cards.has(tag)) ledger.fault('other', `${id} is from a write that an earlier check did not find`);
  }
  for (const card of [...ledger.cards.values()]) compare(ledger, card, found.get(card.tag));
  const done = { committed: 0, unknown: 0, unanswered: 0, refused: 0 };
  for (const { field, found, outcome } of doubts) {
    if (found.size > 1) ledger.fault('half done', `${field} wrote some of its cards, but not all`);
    if (found.has('done')) done[outcome] += 1;
  }
  return done;
}

/** The number of faults of each kind, for the tables. */
export function faultColumns(ledger) {
  const kinds = ['lost', 'half done', 'refused, but done'];
  const columns = Object.fromEntries(kinds.map((kind) => [kind, ledger.count(kind)]));
  return { ...columns, 'other faults': ledger.faults.filter(({ kind }) => !kinds.includes(kind)).length };
}

/** Prints the first faults of each kind; returns whether there are any. */
export function report(name, ledger) {
  const printed = new Map();
  for (const { kind, text } of ledger.faults) {
    const number = (printed.get(kind) ?? 0) + 1;
    printed.set(kind, number);
    if (number <= MAX_PRINTED) console.log(`${name}: ${kind}: ${text}`);
  }
  for (const [kind, number] of printed) {
    if (number > MAX_PRINTED) console.log(`${name}: ${kind}: ${number - MAX_PRINTED} more`);
  }
  return ledger.faults.length > 0;
}
