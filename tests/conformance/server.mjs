// A server for a test, with a new SQLite file and a free port.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Starts the program; `settings` are environment variables. */
export async function start(program, settings = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'kanban-'));
  const env = { LISTEN_ADDR: '127.0.0.1:0', LOG_LEVEL: 'info', ...settings };
  const child = spawn(resolve(program), { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  const stop = () => {
    child.removeAllListeners('exit');
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { url, metrics } = await listening(child);
    return { url: `${url}/graphql`, metrics, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/** The schema in SDL. */
export function sdl(program) {
  return execFileSync(resolve(program), ['schema'], { encoding: 'utf8' });
}

/** The server's address and that of its metrics, from its log. */
function listening(child) {
  return new Promise((found, failed) => {
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log += text;
      const line = log.match(/listening on (http:[^,\s]*)/);
      if (line) found({ url: line[1], metrics: log.match(/metrics at (http:\S*)/)?.[1] });
    });
    child.on('error', failed);
    child.on('exit', () => failed(new Error(`the server did not start:\n${log}`)));
    setTimeout(() => failed(new Error(`the server did not start in time:\n${log}`)), 60_000).unref();
  });
}
