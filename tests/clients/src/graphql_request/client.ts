import { GraphQLClient } from 'graphql-request';
import { authorizedFetch } from '../session/authorized_fetch.js';
import type { Session } from '../session/session.js';

export const createClient = (session: Session) => new GraphQLClient(session.url, { fetch: authorizedFetch(session) });
