// The clients, and what they cannot do.

import { OTHER_CLIENTS, OTHER_GAPS } from './others.mjs';

const typescript = (name) => [process.execPath, 'build/main.js', name];

/** `command` starts the client; README.md says what it has to do. */
export const CLIENTS = [
  { name: 'graphql-request', command: typescript('graphql_request') },
  ...OTHER_CLIENTS,
];

/** Steps that a client does not have. The run fails if it has one of them. */
export const GAPS = [
  { client: 'graphql-request', steps: ['createInList', 'moveWithRollback'], reason: 'it has no cache, so it shows no lists' },
  { client: 'graphql-request', steps: ['liveUpdate'], reason: 'it has no subscriptions' },
  ...OTHER_GAPS,
];
