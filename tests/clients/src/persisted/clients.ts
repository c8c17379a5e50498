// The clients of ../../persisted/run.mjs.

import { ApolloClient, type ApolloLink, InMemoryCache } from '@apollo/client';
import type { Client } from '@urql/core';
import * as documents from '../documents.js';
import { given } from '../harness/steps.js';
import type { Session } from '../session/session.js';
import { createSocket } from '../session/socket.js';
import * as automaticApollo from './automatic_apollo.js';
import * as automaticUrql from './automatic_urql.js';
import * as listed from './gql/graphql.js';
import * as trustedApollo from './trusted_apollo.js';
import { createSend, idOf } from './trusted_fetch.js';
import * as trustedUrql from './trusted_urql.js';

type CardInput = { boardId: string; card: { title: string } };

interface PersistedClient {
  /** The e-mail address of the user. */
  viewer(): Promise<string>;
  /** Creates a card, and returns its title. */
  createCard(input: CardInput): Promise<string>;
  /** The sequence of the board in the first payload. */
  follow?(boardId: string): Promise<number>;
}

function apollo(link: ApolloLink) {
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  return {
    async viewer() {
      const { data } = await client.query({ query: documents.VIEWER, fetchPolicy: 'network-only' });
      return given(data).viewer.email;
    },
    async createCard(input: CardInput) {
      const { data } = await client.mutate({ mutation: documents.CREATE_CARD, variables: { input } });
      return given(data?.createCard).cardEdge.node.title;
    },
    follow: (boardId: string) =>
      new Promise<number>((done, fail) => {
        const payloads = client.subscribe({ query: documents.BOARD_EVENTS, variables: { boardId } });
        payloads.subscribe(({ data, error }) => (error ? fail(error) : done(given(data).boardEvents.sequence)));
      }),
  };
}

function urql(client: Client) {
  return {
    async viewer() {
      const { data, error } = await client.query(listed.ViewerDocument, {}, { requestPolicy: 'network-only' });
      if (error) throw error;
      return given(data).viewer.email;
    },
    async createCard(input: CardInput) {
      const { data, error } = await client.mutation(listed.CreateCardDocument, { input });
      if (error) throw error;
      return given(data?.createCard).cardEdge.node.title;
    },
    follow: (boardId: string) =>
      new Promise<number>((done, fail) => {
        client.subscription(listed.BoardEventsDocument, { boardId }).subscribe(({ data, error }) => {
          if (error) fail(error);
          else done(given(data).boardEvents.sequence);
        });
      }),
  };
}

function fetching(session: Session): PersistedClient {
  const send = createSend(session);
  return {
    viewer: async () => given((await send(listed.ViewerDocument, {})).data).viewer.email,
    async createCard(input) {
      const { data } = await send(listed.CreateCardDocument, { input });
      return given(data?.createCard).cardEdge.node.title;
    },
    async follow(boardId) {
      const request = { query: '', documentId: idOf(listed.BoardEventsDocument), variables: { boardId } };
      for await (const { data } of createSocket(session).iterate<listed.BoardEventsSubscription>(request)) {
        return given(data).boardEvents.sequence;
      }
      throw new Error('no payload');
    },
  };
}

type Clients = Record<string, (session: Session) => PersistedClient>;

export const AUTOMATIC: Clients = {
  apollo: (session) => apollo(automaticApollo.createLink(session)),
  urql: (session) => urql(automaticUrql.createClient(session)),
};

export const TRUSTED: Clients = {
  apollo: (session) => apollo(trustedApollo.createLink(session)),
  urql: (session) => urql(trustedUrql.createClient(session)),
  'graphql-codegen': fetching,
};
