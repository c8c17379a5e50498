// Starts a server on a new SQLite file and runs all audits of the npm package graphql-http against it.
//
// Usage: node audit.mjs PATH/TO/kanban

import { auditServer } from 'graphql-http';
import { start } from './server.mjs';

const AUDITS = 61;

const server = await start(process.argv[2]);
try {
  const results = await auditServer({ url: server.url });
  const failed = results.filter((result) => result.status !== 'ok');
  for (const { status, id, name, reason } of failed) console.log(`${status} ${id} ${name}: ${reason}`);
  console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length === 0 && results.length >= AUDITS ? 0 : 1;
} finally {
  server.stop();
}
