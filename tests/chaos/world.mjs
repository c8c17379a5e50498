// The accounts, the boards and the writers, and the writes that they send.

import { between, pick, sleep } from './support.mjs';

const ACCOUNTS = 4;
const BOARDS = 3;
const WRITERS = 8;
/** The number of cards of a writer, so that a check stays short. */
const MAX_CARDS = 25;
const MAX_COMMENTS = 15;
const RENEW_AFTER = 30 * 60_000;
const PAUSE_AFTER_FAILURE = 50;

const COLUMNS = ['BACKLOG', 'TODO', 'DOING', 'DONE'];
const COLORS = ['RED', 'ORANGE', 'YELLOW', 'GREEN', 'BLUE', 'PURPLE', 'GRAY'];
/** The labels are read after the write is committed, as for real clients: this reading can fail, too. */
const CARD = 'card { id version labels { color } }';

// --- Accounts and boards ---

async function account(api, name) {
  const input = { email: `${name}@example.com`, password: 'correct horse' };
  const { signUp } = await api.data('mutation($input: SignUpInput!) { signUp(input: $input) { user { id } } }', { input });
  const made = { input, id: signUp.user.id };
  await logIn(api, made);
  return made;
}

async function logIn(api, account) {
  const { input } = account;
  const { logIn } = await api.data('mutation($input: LogInInput!) { logIn(input: $input) { accessToken } }', { input });
  Object.assign(account, { token: logIn.accessToken, since: Date.now() });
}

async function board(api, title, [admin, ...members]) {
  const text = 'mutation($input: CreateBoardInput!) { createBoard(input: $input) { board { id } } }';
  const { id } = (await api.data(text, { input: { title } }, admin.token)).createBoard.board;
  const share = 'mutation($input: ShareBoardInput!) { shareBoard(input: $input) { board { id } } }';
  for (const member of members) await api.data(share, { input: { boardId: id, userId: member.id, role: 'MEMBER' } }, admin.token);
  return { id, version: 0, checked: 0, history: new Map() };
}

/** Everything that the rounds need. The first account is ADMIN of all boards. */
export async function makeWorld(api) {
  const accounts = [];
  for (let n = 0; n < ACCOUNTS; n += 1) accounts.push(await account(api, `user${n}`));
  const boards = [];
  for (let n = 0; n < BOARDS; n += 1) boards.push(await board(api, `Board ${n}`, accounts));
  const writers = Array.from({ length: WRITERS }, (_, n) => ({ name: `w${n}`, account: accounts[n % ACCOUNTS] }));
  return { accounts, boards, writers, admin: accounts[0] };
}

/** Access tokens are valid for one hour. */
export async function renewTokens(api, world) {
  for (const account of world.accounts) if (Date.now() - account.since > RENEW_AFTER) await logIn(api, account);
}

// --- Writes ---

let serial = 0;

function content(card) {
  serial += 1;
  const labels = COLORS.filter(() => Math.random() < 0.4);
  return { title: `${card.tag} ${serial}`, description: `Text ${serial}`, column: pick(COLUMNS), labels };
}

const created = (input) => ({ ...input, deleted: false, comments: [], events: ['CardCreatedEvent'] });
const changed = (state, change, ...events) => ({ ...state, ...change, events: [...state.events, ...events] });

const writes = {
  createCard({ ledger, writer, world }) {
    const card = ledger.newCard(writer.name, pick(world.boards));
    const input = content(card);
    return { input: { boardId: card.board.id, card: input }, selection: CARD, changes: [{ card, next: created(input) }] };
  },
  createCards({ ledger, writer, world }) {
    const board = pick(world.boards);
    const cards = [1, 2, 3].map(() => ledger.newCard(writer.name, board));
    const inputs = cards.map(content);
    const changes = cards.map((card, at) => ({ card, next: created(inputs[at]) }));
    return { input: { boardId: board.id, cards: inputs }, selection: 'cards { id version labels { color } }', changes };
  },
  updateCard({ card }) {
    const input = content(card);
    const events = ['CardUpdatedEvent'];
    if (input.column !== card.state.column) events.push('CardMovedEvent');
    if (input.labels.join() !== card.state.labels.join()) events.push('CardLabelsChangedEvent');
    const next = changed(card.state, input, ...events);
    return { input: { cardId: card.id, ...input }, selection: CARD, changes: [{ card, next }] };
  },
  moveCard({ card, cards }) {
    const column = pick(COLUMNS.filter((one) => one !== card.state.column));
    const neighbour = pick(cards.filter((one) => one !== card && one.board === card.board));
    const input = { cardId: card.id, column, ...(neighbour && { beforeCardId: neighbour.id }) };
    return { input, selection: CARD, changes: [{ card, next: changed(card.state, { column }, 'CardMovedEvent') }] };
  },
  addComment({ card }) {
    const body = `Comment ${(serial += 1)}`;
    const next = changed(card.state, { comments: [...card.state.comments, body] }, 'CommentAddedEvent');
    return { input: { cardId: card.id, body }, selection: 'comment { id }', changes: [{ card, next }] };
  },
  deleteCard({ card }) {
    const next = changed(card.state, { deleted: true }, 'CardDeletedEvent');
    return { input: { cardId: card.id }, selection: 'deletedCardId', changes: [{ card, next }] };
  },
  restoreCard({ card }) {
    const next = changed(card.state, { deleted: false }, 'CardRestoredEvent');
    return { input: { cardId: card.id }, selection: CARD, changes: [{ card, next }] };
  },
};

const CREATIONS = ['createCard', 'createCard', 'createCard', 'createCards'];
const CHANGES = ['updateCard', 'updateCard', 'updateCard', 'moveCard', 'moveCard', 'addComment', 'addComment', 'deleteCard'];

function nextWrite(ledger, writer, world) {
  const cards = ledger.cardsOf(writer.name);
  const creates = cards.length < 2 || (cards.length < MAX_CARDS && Math.random() < 0.25);
  const card = pick(cards);
  let field = creates ? pick(CREATIONS) : pick(CHANGES);
  if (!creates && card.state.deleted) field = 'restoreCard';
  if (field === 'addComment' && card.state.comments.length >= MAX_COMMENTS) field = 'updateCard';
  return { field, ...writes[field]({ ledger, writer, world, cards, card }) };
}

/** Sends one write after the other until `round.isOver`. */
export async function keepWriting({ api, ledger, world, round }, writer) {
  while (!round.isOver) {
    const began = performance.now();
    const isGood = (await ledger.write(api, writer.account.token, nextWrite(ledger, writer, world))) === 'acknowledged';
    round.onWrite?.(writer, isGood, began);
    if (!isGood) await sleep(between(0.5, 1) * PAUSE_AFTER_FAILURE);
  }
}
