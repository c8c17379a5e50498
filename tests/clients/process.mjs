// A client in a process of its own. It gets its settings as an argument, and reads and writes lines of JSON.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { atExit } from '../chaos/support.mjs';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

const children = new Set();
atExit(() => children.forEach((child) => child.kill('SIGKILL')));

/** Starts a client in this folder. */
export function startClient([program, ...options], settings) {
  const child = spawn(program, [...options, JSON.stringify(settings)], { cwd: FOLDER, stdio: 'pipe' });
  children.add(child);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (log = (log + text).slice(-4000)));
  child.stdin.on('error', () => {});
  const ended = new Promise((_, fail) => {
    child.once('error', fail);
    child.once('close', (code) => fail(new Error(`the client has ended with exit code ${code}`)));
  });
  // It is awaited later, or never.
  ended.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const { done, value } = await lines.next();
    return done ? ended : JSON.parse(value);
  };
  return {
    /** Rejected when the process ends. */
    ended,
    /** What the client writes next. */
    next: () => Promise.race([nextLine(), ended]),
    send: (message) => child.stdin.write(`${JSON.stringify(message)}\n`),
    log: () => log.trim(),
    kill: () => children.delete(child) && child.kill('SIGKILL'),
  };
}
