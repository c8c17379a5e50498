import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { concatMap, lastValueFrom } from 'rxjs';
import { BOARD_EVENTS } from './documents.mjs';
import { connect as connectSocket } from './graphql_ws.mjs';

/** Subscriptions use a WebSocket, queries and mutations use HTTP. */
export function connect(url, session) {
  const socket = new GraphQLWsLink(connectSocket(url, session));
  const authorize = new SetContextLink(async ({ headers }) => ({
    headers: { ...headers, Authorization: `Bearer ${await session.accessToken()}` },
  }));
  const http = authorize.concat(new HttpLink({ uri: url.replace(/^ws/, 'http') }));
  const isSubscription = ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION;
  return new ApolloClient({ link: ApolloLink.split(isSubscription, socket, http), cache: new InMemoryCache() });
}

/** Fetches the board for a copy, which needs no second one in the cache. */
export const query = (client) => async (document, variables) =>
  (await client.query({ query: gql(document), variables, fetchPolicy: 'no-cache' })).data;

/** Ends when the user may no longer see the board. */
export async function follow(client, copy) {
  const variables = { boardId: copy.boardId, afterSequence: copy.sequence };
  const results = client.subscribe({ query: gql(BOARD_EVENTS), variables, fetchPolicy: 'no-cache' });
  const apply = async ({ data, error }) => {
    if (error) throw error;
    await copy.apply(data.boardEvents);
  };
  await lastValueFrom(results.pipe(concatMap(apply)), { defaultValue: undefined });
}
