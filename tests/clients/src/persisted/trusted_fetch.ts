import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { Answer } from '../codegen/send.js';
import { authorizedFetch } from '../session/authorized_fetch.js';
import type { Session } from '../session/session.js';

/** The ID of a document in the list. */
export const idOf = (document: TypedDocumentNode<unknown, never>) =>
  (document as { __meta__?: { hash: string } }).__meta__!.hash;

/** Sends the IDs that graphql-codegen has put into the documents. */
export function createSend(session: Session) {
  const send = authorizedFetch(session);
  const headers = { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' };
  return async <Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Answer<Data>> => {
    const body = JSON.stringify({ documentId: idOf(document as never), variables });
    return (await send(session.url, { method: 'POST', headers, body })).json();
  };
}
