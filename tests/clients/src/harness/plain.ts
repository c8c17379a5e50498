// The steps of clients without a cache. They differ in how they type documents, and in how they send them.

import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
import { sendSafely } from '../../errors/retry.mjs';
import type * as codegen from '../documents.js';
import type { Session } from '../session/session.js';
import { expire } from './expire.js';
import { given, pathAndCode, type Steps } from './steps.js';

type Decorated<T> = T extends DocumentTypeDecoration<infer R, infer V> ? DocumentTypeDecoration<R, V> : never;

/** The documents of any code generator: their types must be those that graphql-codegen has found. */
export type Documents = { [Name in keyof typeof codegen]: Decorated<(typeof codegen)[Name]> };

export interface Answer<R> {
  data?: R | null;
  errors?: readonly { message: string; path?: readonly (string | number)[]; extensions?: Record<string, unknown> }[];
}

export interface Transport {
  send<R, V>(document: DocumentTypeDecoration<R, V>, variables: V): Promise<Answer<R>>;
  /** Missing if the client has no subscriptions. */
  subscribe?<R, V>(document: DocumentTypeDecoration<R, V>, variables: V): AsyncIterable<Answer<R>>;
}

type PlainSteps = Omit<Steps, 'createInList' | 'moveWithRollback' | 'liveUpdate'> & Pick<Partial<Steps>, 'liveUpdate'>;

export function plainSteps(session: Session, documents: Documents, transport: Transport): PlainSteps {
  const data = async <R, V>(document: DocumentTypeDecoration<R, V>, variables: V): Promise<R> => {
    const answer = await transport.send(document, variables);
    if (answer.errors) throw new Error(JSON.stringify(answer.errors));
    return given(answer.data, 'data');
  };
  return {
    async logIn(input) {
      const { logIn } = await data(documents.LOG_IN, { input });
      session.start(given(logIn));
      return { accessToken: given(logIn).accessToken };
    },

    async refresh({ accessToken, boardId }) {
      expire(session, accessToken);
      const [{ viewer }, { board }] = await Promise.all([
        data(documents.VIEWER, {}),
        data(documents.BOARD_TITLE, { boardId }),
      ]);
      return { email: viewer.email, title: given(board).title };
    },

    async pageColumn({ boardId, column, pageSize: first }) {
      const { board } = await data(documents.BOARD, { boardId, first });
      const { id: columnId, cards } = given(board?.columns.find((one) => one.column === column));
      const edges = [...cards.edges];
      for (let { pageInfo } = cards; pageInfo.hasNextPage; ) {
        const { node } = await data(documents.COLUMN_PAGE, { columnId, first, after: given(pageInfo.endCursor) });
        if (node?.__typename !== 'BoardColumn') throw new Error('the column is missing');
        edges.push(...node.cards.edges);
        pageInfo = node.cards.pageInfo;
      }
      return { cardIds: edges.map(({ node }) => node.id) };
    },

    async partialErrors({ cardId, title, missingId }) {
      const variables = { one: { cardId, title }, missing: { cardId: missingId, title } };
      const answer = await transport.send(documents.UPDATE_TWO_CARDS, variables);
      return {
        title: given(answer.data?.one).card.title,
        missing: answer.data?.missing as null,
        errors: given(answer.errors).map(pathAndCode),
      };
    },

    async retry({ boardId, column, title }) {
      const input = { boardId, card: { column, title }, clientMutationId: crypto.randomUUID() };
      const { data } = await sendSafely(() => transport.send(documents.CREATE_CARD, { input }));
      return { cardId: given(data?.createCard).cardEdge.node.id };
    },

    ...(transport.subscribe && { liveUpdate: liveUpdate(session, documents, transport.subscribe) }),
  };
}

const liveUpdate = (
  session: Session,
  documents: Documents,
  subscribe: NonNullable<Transport['subscribe']>,
): Steps['liveUpdate'] =>
  async ({ boardId, afterSequence, cardId }) => {
    expire(session);
    for await (const { data } of subscribe(documents.BOARD_EVENTS, { boardId, afterSequence })) {
      for (const event of given(data).boardEvents.events) {
        if (event.__typename === 'CardUpdatedEvent' && event.card?.id === cardId) return { title: event.card.title };
      }
    }
    throw new Error('the subscription has completed');
  };
