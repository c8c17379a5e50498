import type { ApolloClient } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { BOARD, BOARD_EVENTS, BOARD_TITLE, LOG_IN, UPDATE_TWO_CARDS, VIEWER } from '../documents.js';
import { CardPartsFragmentDoc } from '../gql/graphql.js';
import { expire } from '../harness/expire.js';
import { Shown } from '../harness/shown.js';
import { given, pathAndCode, type Steps } from '../harness/steps.js';
import type { Session } from '../session/session.js';
import { createCard, moveCard } from './cards.js';
import { createClient } from './client.js';
import { loadMore } from './pages.js';

/** What the user sees. */
function show(client: ApolloClient, variables: { boardId: string; first: number }) {
  return new Shown(() => client.readQuery({ query: BOARD, variables }, true)?.board?.columns);
}

export function connect(session: Session): Steps {
  const client = createClient(session);
  let shown: ReturnType<typeof show>;
  return {
    async logIn(input) {
      const { data } = await client.mutate({ mutation: LOG_IN, variables: { input } });
      session.start(given(data?.logIn));
      return { accessToken: given(data?.logIn).accessToken };
    },

    async refresh({ accessToken, boardId }) {
      expire(session, accessToken);
      const [viewer, board] = await Promise.all([
        client.query({ query: VIEWER }),
        client.query({ query: BOARD_TITLE, variables: { boardId } }),
      ]);
      return { email: given(viewer.data).viewer.email, title: given(board.data?.board).title };
    },

    async pageColumn({ boardId, column, pageSize: first }) {
      const variables = { boardId, first };
      await client.query({ query: BOARD, variables });
      shown = show(client, variables);
      while (shown.column(column).cards.pageInfo.hasNextPage) await loadMore(client, shown.column(column), first);
      return { cardIds: shown.ids(column) };
    },

    async createInList({ boardId, column, title }) {
      await createCard(client, boardId, shown.column(column), title);
      return { cardIds: shown.ids(column) };
    },

    async moveWithRollback({ cardId, from, to }) {
      const move = () => moveCard(client, shown.card(from, cardId), shown.column(from), shown.column(to));
      const refused = move().catch((error: unknown) => error);
      const atOnce = shown.lists();
      const error = await refused;
      const code = CombinedGraphQLErrors.is(error) ? String(error.errors[0]?.extensions?.code) : String(error);
      const rolledBack = shown.lists();
      const { title } = shown.card(from, cardId);
      await move();
      return { atOnce, code, rolledBack, title, movedAgain: shown.lists() };
    },

    async partialErrors({ cardId, title, missingId }) {
      const variables = { one: { cardId, title }, missing: { cardId: missingId, title } };
      const { data, error } = await client.mutate({ mutation: UPDATE_TWO_CARDS, variables, errorPolicy: 'all' });
      if (!CombinedGraphQLErrors.is(error)) throw error;
      return {
        title: given(data?.one).card.title,
        missing: data?.missing as null,
        errors: error.errors.map(pathAndCode),
      };
    },

    async retry({ boardId, column, title }) {
      const { data } = await createCard(client, boardId, shown.column(column), title);
      return { cardId: given(data?.createCard).cardEdge.node.id };
    },

    liveUpdate({ boardId, afterSequence, cardId }) {
      expire(session);
      const fragment = { fragment: CardPartsFragmentDoc, id: `Card:${cardId}` };
      const payloads = client.subscribe({ query: BOARD_EVENTS, variables: { boardId, afterSequence } });
      return new Promise((done, fail) => {
        payloads.subscribe(({ data, error }) => {
          if (error) fail(error);
          // The cache has the card of the event already.
          if (data?.boardEvents.events.length) done({ title: given(client.cache.readFragment(fragment)).title });
        });
      });
    },
  };
}
