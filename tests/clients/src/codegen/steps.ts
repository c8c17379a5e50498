import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import * as documents from '../documents.js';
import { plainSteps, type Transport } from '../harness/plain.js';
import type { Session } from '../session/session.js';
import { createSocket } from '../session/socket.js';
import { createSend } from './send.js';

export function connect(session: Session) {
  const socket = createSocket(session);
  const subscribe = ((document: TypedDocumentNode, variables: Record<string, unknown>) =>
    socket.iterate({ query: print(document), variables })) as Transport['subscribe'];
  return plainSteps(session, documents, { send: createSend(session) as Transport['send'], subscribe });
}
