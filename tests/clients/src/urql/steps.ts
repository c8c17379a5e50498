import type { Client, CombinedError } from '@urql/core';
import { expire } from '../harness/expire.js';
import { Shown } from '../harness/shown.js';
import { given, pathAndCode, type Steps } from '../harness/steps.js';
import type { Session } from '../session/session.js';
import * as documents from '../tada/documents.js';
import { createCard, moveCard } from './cards.js';
import { createClient } from './client.js';
import { loadMore } from './pages.js';

/** What the user sees. */
function show(client: Client, variables: { boardId: string; first: number }) {
  return new Shown(() => client.readQuery(documents.BOARD, variables)?.data?.board?.columns);
}

export function connect(session: Session): Steps {
  const client = createClient(session);
  let shown: ReturnType<typeof show>;
  return {
    async logIn(input) {
      const { data, error } = await client.mutation(documents.LOG_IN, { input });
      if (error) throw error;
      session.start(given(data?.logIn));
      return { accessToken: given(data?.logIn).accessToken };
    },

    async refresh({ accessToken, boardId }) {
      expire(session, accessToken);
      const [viewer, board] = await Promise.all([
        client.query(documents.VIEWER, {}),
        client.query(documents.BOARD_TITLE, { boardId }),
      ]);
      return { email: given(viewer.data).viewer.email, title: given(board.data?.board).title };
    },

    async pageColumn({ boardId, column, pageSize: first }) {
      const variables = { boardId, first };
      await client.query(documents.BOARD, variables);
      shown = show(client, variables);
      while (shown.column(column).cards.pageInfo.hasNextPage) await loadMore(client, shown.column(column), first);
      return { cardIds: shown.ids(column) };
    },

    async createInList({ boardId, column, title }) {
      await createCard(client, boardId, { column, title });
      return { cardIds: shown.ids(column) };
    },

    async moveWithRollback({ cardId, from, to }) {
      const refused = moveCard(client, shown.card(from, cardId), to);
      const atOnce = shown.lists();
      const code = String((await refused).error?.graphQLErrors[0]?.extensions.code);
      const rolledBack = shown.lists();
      const { title } = shown.card(from, cardId);
      await moveCard(client, shown.card(from, cardId), to);
      return { atOnce, code, rolledBack, title, movedAgain: shown.lists() };
    },

    async partialErrors({ cardId, title, missingId }) {
      const variables = { one: { cardId, title }, missing: { cardId: missingId, title } };
      const { data, error } = await client.mutation(documents.UPDATE_TWO_CARDS, variables);
      return {
        title: given(data?.one).card.title,
        missing: data?.missing as null,
        errors: given<CombinedError>(error).graphQLErrors.map(pathAndCode),
      };
    },

    async retry({ boardId, column, title }) {
      const { data } = await createCard(client, boardId, { column, title });
      return { cardId: given(data?.createCard).cardEdge.node.id };
    },

    liveUpdate({ boardId, afterSequence, cardId }) {
      expire(session);
      const payloads = client.subscription(documents.BOARD_EVENTS, { boardId, afterSequence });
      return new Promise((done, fail) => {
        payloads.subscribe(({ data, error }) => {
          if (error) fail(error);
          // The cache has the card of the event already.
          if (data?.boardEvents.events.length) done({ title: shown.card('BACKLOG', cardId).title });
        });
      });
    },
  };
}
