// The steps of ../steps.mjs. Paths are those from the folder `build`.

import { fetchQuery, graphql } from 'relay-runtime';
import { sendSafely } from '../../errors/retry.mjs';
import { loadNext, openBoard, readColumn } from './board.js';
import { createCard, moveCard, mutate } from './cards.js';
import { followBoard } from './live.js';

const viewerQuery = graphql`
  query stepsViewerQuery {
    viewer { email }
  }
`;

const titleQuery = graphql`
  query stepsTitleQuery($boardId: ID!) {
    board(id: $boardId) { title }
  }
`;

const cardQuery = graphql`
  query stepsCardQuery($id: ID!) {
    card(id: $id) { id title version }
  }
`;

const updateTwoMutation = graphql`
  mutation stepsUpdateTwoMutation($found: UpdateCardInput!, $missing: UpdateCardInput!) {
    found: updateCard(input: $found) { card { title } }
    missing: updateCard(input: $missing) { card { title } }
  }
`;

const createCardMutation = graphql`
  mutation stepsCreateMutation($input: CreateCardInput!) {
    createCard(input: $input) { card { id } }
  }
`;

/** The steps that need a session. The board is opened by the first one that shows it, and stays open. */
export class Steps {
  constructor(environment, session) {
    Object.assign(this, { environment, session });
  }

  async refresh({ accessToken, boardId }) {
    this.session.tokens.accessToken = accessToken;
    const ask = (query, variables) => fetchQuery(this.environment, query, variables).toPromise();
    const [{ viewer }, { board }] = await Promise.all([ask(viewerQuery, {}), ask(titleQuery, { boardId })]);
    return { email: viewer.email, title: board.title };
  }

  async pageColumn({ boardId, column, pageSize }) {
    const { columns } = (this.board = await openBoard(this.environment, boardId, pageSize));
    while (readColumn(this.environment, columns[column]).pageInfo.hasNextPage) {
      await loadNext(this.environment, columns[column], pageSize);
    }
    return { cardIds: this.cardIds(column) };
  }

  async createInList({ boardId, column, title }) {
    const input = { boardId, card: { title, column }, clientMutationId: crypto.randomUUID() };
    await createCard(this.environment, this.board.columns[column], input);
    return { cardIds: this.cardIds(column) };
  }

  async moveWithRollback({ cardId, from, to }) {
    const lists = () => ({ [from]: this.cardIds(from), [to]: this.cardIds(to) });
    const { columns } = this.board;
    const move = (expectedVersion) =>
      moveCard(this.environment, { cardId, from: columns[from], to: columns[to], expectedVersion });
    const { cards } = readColumn(this.environment, columns[from]);
    const answer = move(cards.find(({ id }) => id === cardId).version);
    const atOnce = lists();
    const { code } = (await answer).errors[0].extensions;
    const rolledBack = lists();
    const { card } = await fetchQuery(this.environment, cardQuery, { id: cardId }).toPromise();
    await move(card.version);
    return { code, atOnce, rolledBack, title: card.title, movedAgain: lists() };
  }

  async partialErrors({ cardId, title, missingId }) {
    const variables = { found: { cardId, title }, missing: { cardId: missingId, title } };
    const { data, errors } = await mutate(this.environment, updateTwoMutation, variables);
    const shown = errors.map(({ path, extensions }) => ({ path, code: extensions.code }));
    return { title: data.found.card.title, missing: data.missing, errors: shown };
  }

  async retry({ boardId, column, title }) {
    // One ID for each action of the user, whatever the number of requests.
    const input = { boardId, card: { title, column }, clientMutationId: crypto.randomUUID() };
    const { data } = await sendSafely(() => mutate(this.environment, createCardMutation, { input }));
    return { cardId: data.createCard.card.id };
  }

  async liveUpdate({ boardId, afterSequence, cardId }) {
    const card = () => readColumn(this.environment, this.board.columns.BACKLOG).cards.find(({ id }) => id === cardId);
    const { title } = card();
    return new Promise((done) => {
      const subscription = followBoard(this.environment, { boardId, afterSequence }, () => {
        if (card().title === title) return;
        subscription.dispose();
        done({ title: card().title });
      });
    });
  }

  cardIds(column) {
    return readColumn(this.environment, this.board.columns[column]).cards.map(({ id }) => id);
  }
}
