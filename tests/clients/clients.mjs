// The clients, and what they cannot do.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { OTHER_CLIENTS, OTHER_GAPS } from './others.mjs';

/** A client in the folder src. */
const typescript = (folder) => ({ command: [process.execPath, 'build/harness/main.js', folder], build: compile });

/** Generates types from schema.graphql, checks the types of the clients, and compiles them. */
export function compile() {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: fileURLToPath(new URL('.', import.meta.url)), stdio: 'inherit' });
}

/** `build` makes what `command` starts; README.md says what the client has to do. */
export const CLIENTS = [
  { name: 'graphql-codegen', ...typescript('codegen') },
  { name: 'gql.tada', ...typescript('tada') },
  { name: 'graphql-request', ...typescript('graphql_request') },
  { name: 'apollo', ...typescript('apollo') },
  { name: 'urql', ...typescript('urql') },
  ...OTHER_CLIENTS,
];

const NO_CACHE = 'it has no cache, and so no lists';
const LISTS = ['createInList', 'moveWithRollback'];

/** Steps that a client does not have. The run fails if it has one of them. */
export const GAPS = [
  { client: 'graphql-codegen', steps: LISTS, reason: NO_CACHE },
  { client: 'gql.tada', steps: LISTS, reason: NO_CACHE },
  { client: 'graphql-request', steps: LISTS, reason: NO_CACHE },
  { client: 'graphql-request', steps: ['liveUpdate'], reason: 'it has no subscriptions' },
  ...OTHER_GAPS,
];
