// Starts a server on a new SQLite file and runs every audit of the npm package graphql-http on it.
//
// usage: node audit.mjs PATH/TO/kanban

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { auditServer } from 'graphql-http';

const AUDITS = 61;

const folder = mkdtempSync(join(tmpdir(), 'kanban-'));
const env = { LISTEN_ADDR: '127.0.0.1:0', LOG_LEVEL: 'info' };
const server = spawn(resolve(process.argv[2]), { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });

/** The address that the server's log names. */
function listening() {
  return new Promise((found, failed) => {
    let log = '';
    server.stderr.setEncoding('utf8').on('data', (text) => {
      log += text;
      const line = log.match(/listening on (http:[^,\s]*)/);
      if (line) found(line[1]);
    });
    server.on('exit', () => failed(new Error(`the server did not start:\n${log}`)));
    setTimeout(() => failed(new Error(`the server did not start in time:\n${log}`)), 60_000).unref();
  });
}

try {
  const results = await auditServer({ url: `${await listening()}/graphql` });
  const failed = results.filter((result) => result.status !== 'ok');
  for (const { status, id, name, reason } of failed) console.log(`${status} ${id} ${name}: ${reason}`);
  console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length === 0 && results.length >= AUDITS ? 0 : 1;
} finally {
  server.removeAllListeners('exit');
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
