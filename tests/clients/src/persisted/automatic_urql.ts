import { Client, fetchExchange } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import { persistedExchange } from '@urql/exchange-persisted';
import type { Session } from '../session/session.js';
import { authorize } from '../urql/authorize.js';

/** Sends the hash of a query, and its text only if the server asks for it. */
export const createClient = (session: Session) =>
  new Client({
    url: session.url,
    exchanges: [authExchange(authorize(session)), persistedExchange(), fetchExchange],
  });
