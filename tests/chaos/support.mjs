// Tools of both scripts: clean-up, time limits, the server process, requests, figures.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export const between = (low, high) => low + Math.random() * (high - low);
export const pick = (list) => list[Math.floor(Math.random() * list.length)];

// --- Clean-up ---

const children = new Set();
const cleanups = [];

/** Runs `action` when the script ends, also after an error or a signal. It must be synchronous. */
export const atExit = (action) => cleanups.push(action);

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const action of cleanups.reverse()) {
    try {
      action();
    } catch (error) {
      console.error(`clean-up failed: ${error.message}`);
    }
  }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

/** A directory that is removed when the script ends. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'kanban-chaos-'));
  atExit(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// --- Time limits ---

/** The result of `work`, or an error after `ms`. */
export function within(ms, what, work) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`${what}: no result within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Calls `attempt` until it returns something truthy. The attempt needs a time limit of its own. */
export async function eventually(ms, what, attempt) {
  const end = performance.now() + ms;
  for (;;) {
    const found = await attempt();
    if (found) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await sleep(5);
  }
}

// --- The server ---

const START_LIMIT = 30_000;

const SETTINGS = {
  LISTEN_ADDR: '127.0.0.1:0',
  LOG_LEVEL: 'info',
  // Tokens of one server process are valid in the next one.
  JWT_SECRET: 'chaos'.repeat(8),
  ARGON2_MEMORY_KIB: '8',
};

/**
 * Starts `kanban serve` and waits until it listens. `began` is the time when the process was started. `onLine` gets each
 * line of its log.
 */
export async function startServer(program, database, settings = {}, onLine = () => {}) {
  const began = performance.now();
  const env = { ...SETTINGS, ...settings, DATABASE_URL: database.url };
  const child = spawn(resolve(program), ['serve'], { cwd: database.folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  children.add(child);
  const server = { child, began, log: [], errors: [], panicked: false };
  server.gone = new Promise((done) => child.once('close', done).once('error', done)).then(() => children.delete(child));
  const address = new Promise((found) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      onLine(line);
      if (/ (slow )?request .*duration_ms=/.test(line)) return;
      keepLast(server.log, line, 50);
      if (line.includes('ERROR')) keepLast(server.errors, line, 100_000);
      server.panicked ||= line.includes('panicked');
      const url = line.match(/listening on (http:[^,\s]*)/)?.[1];
      if (url) found(url);
    });
  });
  server.url = await within(START_LIMIT, 'start of the server', Promise.race([address, server.gone.then(() => undefined)]));
  if (!server.url) throw new Error(`the server did not start:\n${server.log.join('\n')}`);
  return server;
}

function keepLast(list, item, count) {
  list.push(item);
  if (list.length > count) list.shift();
}

/** Adds to the faults what the server's log has about them. */
export function explain(ledger, server) {
  if (server.panicked) ledger.fault('other', `the server panicked:\n${server.log.join('\n')}`);
  for (const fault of ledger.faults) {
    const id = fault.text.match(/"requestId":"(\w+)"/)?.[1];
    const lines = id ? server.errors.filter((line) => line.includes(id)) : [];
    fault.text += lines.map((line) => `\n    ${line}`).join('');
  }
}

/** Ends the process with SIGKILL and waits until it is gone. */
export async function killServer(server) {
  server.child.kill('SIGKILL');
  await within(10_000, 'end of the server', server.gone);
}

// --- Requests ---

/** Sends GraphQL requests to one server after the other: `url` changes when the server starts again. */
export class Api {
  constructor(url, limit, headers = {}) {
    this.url = url;
    this.limit = limit;
    this.headers = headers;
  }

  /** The JSON of the answer; `undefined` if no complete answer arrived within the time limit. */
  async send(query, variables, token) {
    const headers = { 'content-type': 'application/json', ...this.headers, ...(token && { authorization: `Bearer ${token}` }) };
    const body = JSON.stringify({ query, variables });
    const signal = AbortSignal.timeout(this.limit);
    let text;
    try {
      text = await (await fetch(`${this.url}/graphql`, { method: 'POST', headers, body, signal })).text();
    } catch {
      return undefined;
    }
    try {
      return JSON.parse(text);
    } catch {
      throw new Error(`the answer is not JSON: ${text}`);
    }
  }

  /** The data of an answer without errors; throws otherwise. */
  async data(query, variables, token) {
    const answer = await this.send(query, variables, token);
    if (!answer?.data || answer.errors) throw new Error(`${query}: ${JSON.stringify(answer)}`);
    return answer.data;
  }

  /** Sends the mutation `field` with its `input`. */
  mutate(field, input, selection, token) {
    const type = `${field[0].toUpperCase()}${field.slice(1)}Input`;
    return this.send(`mutation($input: ${type}!) { ${field}(input: $input) { ${selection} } }`, { input }, token);
  }

  /** The HTTP status of `path`; 0 without an answer. */
  async status(path) {
    try {
      const response = await fetch(this.url + path, { signal: AbortSignal.timeout(this.limit) });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    }
  }
}

// --- Figures ---

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return '–';
  return Math.round((sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2);
}

export const highest = (values) => (values.length ? Math.round(Math.max(...values)) : '–');

/** Prints a table in Markdown; `rows` are objects with the same keys. */
export function printTable(rows) {
  const names = Object.keys(rows[0]);
  const lines = [names, ...rows.map((row) => names.map((name) => String(row[name])))];
  const widths = names.map((_, at) => Math.max(...lines.map((line) => line[at].length)));
  const print = (line) => console.log(`| ${line.map((cell, at) => (at ? cell.padStart(widths[at]) : cell.padEnd(widths[at]))).join(' | ')} |`);
  print(lines[0]);
  console.log(`|${widths.map((width, at) => '-'.repeat(width + 1) + (at ? ':' : '-')).join('|')}|`);
  lines.slice(1).forEach(print);
}
