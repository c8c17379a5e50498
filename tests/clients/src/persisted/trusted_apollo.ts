import { ApolloLink, HttpLink, Observable } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { generatePersistedQueryIdsFromManifest } from '@apollo/persisted-query-lists';
import { OperationTypeNode } from 'graphql';
import { authorizedFetch } from '../session/authorized_fetch.js';
import type { Session } from '../session/session.js';
import { createSocket } from '../session/socket.js';
import manifest from './manifest.json' with { type: 'json' };

/** Sends the IDs of the documents in the manifest. */
export function createLink(session: Session) {
  const ids = new PersistedQueryLink(generatePersistedQueryIdsFromManifest({ loadManifest: () => manifest }));
  const http = new HttpLink({ uri: session.url, fetch: authorizedFetch(session) });
  const isSubscription = ({ operationType }: ApolloLink.Operation) => operationType === OperationTypeNode.SUBSCRIPTION;
  return ids.concat(ApolloLink.split(isSubscription, createSocketLink(session), http));
}

/** `GraphQLWsLink` would send the text, too. */
function createSocketLink(session: Session) {
  const socket = createSocket(session);
  return new ApolloLink(
    ({ operationName, variables, extensions }) =>
      new Observable((sink) => socket.subscribe({ query: '', operationName, variables, extensions }, sink as never)),
  );
}
