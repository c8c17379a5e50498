// What every client does, step by step, as far as it can.
//
// Each step sends its input to the client, and checks the answer, what the server has, and what went over the network.
// The steps of a client run in this order, in one process, on one board.

import assert from 'node:assert/strict';
import { endingIn } from './accounts.mjs';

const PAGE_SIZE = 20;
/** Every request over HTTP has this. */
const POST = 'POST /graphql HTTP/1.1';
const NO_CARD = 'card_999999999';
const NO_CARD_CREATED = { data: { createCard: null }, path: ['createCard'] };

/** The answer of a server that is busy. */
const busy = (status, { data, path }) => {
  const error = { message: 'The server is busy. Try again later.', path, extensions: { code: 'SERVICE_UNAVAILABLE' } };
  return { status, body: JSON.stringify({ data, errors: [error] }) };
};

/** `ask` sends the input of the step to the client. */
export const STEPS = {
  /** Logs in. Answers with the access token. */
  async logIn(world, ask) {
    const { email, password } = world.user;
    const before = await world.sessions();
    const { accessToken } = await ask({ email, password });
    const { viewer } = await world.api.data('{ viewer { email } }', {}, accessToken);
    assert.equal(viewer.email, email);
    assert.equal(await world.sessions(), before + 1, 'sessions of the user');
    world.accessToken = accessToken;
  },

  /**
   * Replaces its access token with the given one, which has expired, and asks for the viewer and the board at the same
   * time. The user sees no error. One answer arrives only when the other request has been sent again: the token that it
   * refuses is no longer the present one.
   */
  async refresh(world, ask) {
    const from = world.proxy.sent.length;
    const accessToken = endingIn(-60, world.accessToken, world.secret);
    const isSentAgain = () => world.proxy.sent.slice(from).split('refreshSession(')[1]?.includes(POST);
    world.proxy.holdAnswerTo(world.boardId, isSentAgain);
    const answer = await ask({ accessToken, boardId: world.boardId });
    assert.deepEqual(answer, { email: world.user.email, title: world.title });
    // The document contains the name, and each document is sent once.
    assert.equal(world.proxy.count('refreshSession(', from), 1, 'refreshes');
  },

  /** Pages through the column to its end. Answers with the IDs of the whole list as it is shown then. */
  async pageColumn(world, ask) {
    const from = world.proxy.sent.length;
    const { cardIds } = await ask({ boardId: world.boardId, column: 'BACKLOG', pageSize: PAGE_SIZE });
    assert.deepEqual(cardIds, await world.cardIds('BACKLOG'));
    const pages = Math.ceil(cardIds.length / PAGE_SIZE);
    assert.ok(world.proxy.count(POST, from) >= pages, `${pages} pages`);
  },

  /** Creates a card in a column that is shown. Answers with the list as it is shown then, without asking for it. */
  async createInList(world, ask) {
    const from = world.proxy.sent.length;
    const { cardIds } = await ask({ boardId: world.boardId, column: 'BACKLOG', title: 'From the edge' });
    const expected = await world.cards('BACKLOG');
    assert.equal(expected.at(-1).title, 'From the edge');
    assert.deepEqual(cardIds, expected.map(({ id }) => id));
    assert.equal(world.proxy.count(POST, from), 1, 'requests');
  },

  /**
   * Moves a card to the end of a column, and shows that at once. But another user has changed the card, so the client
   * takes the move back, fetches the card, and moves it again. Answers with the lists at the three times.
   */
  async moveWithRollback(world, ask) {
    const before = { BACKLOG: await world.cardIds('BACKLOG'), TODO: await world.cardIds('TODO') };
    const cardId = before.BACKLOG[1];
    const title = 'Changed by another user';
    await world.colleagueDoes('updateCard', { cardId, title }, 'card { id }');
    const answer = await ask({ cardId, from: 'BACKLOG', to: 'TODO' });
    const moved = {
      BACKLOG: before.BACKLOG.filter((id) => id !== cardId),
      TODO: [...before.TODO, cardId],
    };
    assert.equal(answer.code, 'CONFLICT');
    assert.deepEqual(answer.atOnce, moved, 'the lists before the answer');
    assert.deepEqual(answer.rolledBack, before, 'the lists after the conflict');
    assert.equal(answer.title, title, 'the title after the conflict');
    assert.deepEqual(answer.movedAgain, moved, 'the lists after the second try');
    assert.deepEqual(await world.cardIds('TODO'), moved.TODO);
  },

  /** Changes two cards in one document, one of which does not exist. Answers with the data, and the paths and codes of errors. */
  async partialErrors(world, ask) {
    const [card] = await world.cards('BACKLOG');
    const answer = await ask({ cardId: card.id, title: 'Half of it', missingId: NO_CARD });
    assert.deepEqual(answer, { title: 'Half of it', missing: null, errors: [{ path: ['missing'], code: 'NOT_FOUND' }] });
    const [{ title }] = await world.cards('BACKLOG');
    assert.equal(title, 'Half of it');
  },

  /**
   * Creates a card. The connection is cut before the answer arrives, or the server or its database is busy. So the client
   * sends the same input again.
   */
  async retry(world, ask) {
    const losses = {
      'Sent after a cut': (title) => world.proxy.loseAnswerTo(title),
      'Sent to a busy server': (title) => world.proxy.answer(title, busy('503 Service Unavailable', {})),
      'Sent to a busy database': (title) => world.proxy.answer(title, busy('200 OK', NO_CARD_CREATED)),
    };
    for (const [title, lose] of Object.entries(losses)) {
      lose(title);
      const { cardId } = await ask({ boardId: world.boardId, column: 'DONE', title });
      const made = (await world.cards('DONE')).filter((card) => card.title === title);
      assert.deepEqual(made.map(({ id }) => id), [cardId]);
      assert.equal(world.proxy.count(title), 2, `requests: ${title}`);
    }
  },

  /** Follows the board until another user has changed the card. Answers with the title that is shown then. */
  async liveUpdate(world, ask) {
    const { id: cardId } = (await world.cards('BACKLOG'))[0];
    const title = 'Changed while you watch';
    const answer = ask({ boardId: world.boardId, afterSequence: await world.version(), cardId });
    await world.proxy.followed();
    const from = world.proxy.sent.length;
    await world.colleagueDoes('updateCard', { cardId, title }, 'card { id }');
    assert.deepEqual(await answer, { title });
    assert.equal(world.proxy.count(POST, from), 0, 'requests');
  },
};
