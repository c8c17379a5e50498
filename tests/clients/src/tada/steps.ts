import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
import { type DocumentNode, print } from 'graphql';
import { createClient } from 'graphql-sse';
import { createSend } from '../codegen/send.js';
import { plainSteps, type Transport } from '../harness/plain.js';
import { authorizedFetch } from '../session/authorized_fetch.js';
import type { Session } from '../session/session.js';
import * as documents from './documents.js';

export function connect(session: Session) {
  const stream = createClient({ url: session.url, fetchFn: authorizedFetch(session) });
  const subscribe = ((document: DocumentTypeDecoration<unknown, unknown>, variables: Record<string, unknown>) =>
    stream.iterate({ query: print(document as DocumentNode), variables })) as Transport['subscribe'];
  return plainSteps(session, documents, { send: createSend(session) as Transport['send'], subscribe });
}
