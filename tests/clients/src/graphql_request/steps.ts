import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { ClientError } from 'graphql-request';
import * as documents from '../documents.js';
import { type Answer, plainSteps, type Transport } from '../harness/plain.js';
import type { Session } from '../session/session.js';
import { createClient } from './client.js';

export function connect(session: Session) {
  const client = createClient(session);
  const send = async <R, V extends object>(document: TypedDocumentNode<R, V>, variables: V): Promise<Answer<R>> => {
    try {
      return { data: await client.request<R>(document as TypedDocumentNode<R>, variables) };
    } catch (error) {
      // The error has the data that arrived beside it.
      if (error instanceof ClientError) return error.response as Answer<R>;
      throw error;
    }
  };
  return plainSteps(session, documents, { send: send as Transport['send'] });
}
