import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { authorizedFetch } from '../session/authorized_fetch.js';
import type { Session } from '../session/session.js';

export interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; path?: (string | number)[]; extensions: { code: string } }[];
}

/** Sends typed documents. The variables and the answer have the types of the document. */
export function createSend(session: Session) {
  const send = authorizedFetch(session);
  const headers = { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' };
  return async <Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Answer<Data>> => {
    const body = JSON.stringify({ query: print(document), variables });
    return (await send(session.url, { method: 'POST', headers, body })).json();
  };
}
