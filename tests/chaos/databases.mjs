// The databases that the scripts create and drop.

import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { Proxy } from './proxy.mjs';
import { atExit, temporaryFolder } from './support.mjs';

const LIMIT = { timeout: 20_000, encoding: 'utf8' };
const OPTIONS = ['--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--no-password', '--set', 'ON_ERROR_STOP=1'];

/** Runs SQL with `psql`, without blocking the clients of this script. */
export async function psql(url, sql) {
  const { stdout } = await promisify(execFile)('psql', [...OPTIONS, '--command', sql, url], LIMIT);
  return stdout.trim();
}

const psqlNow = (url, sql) => execFileSync('psql', [...OPTIONS, '--command', sql, url], { ...LIMIT, stdio: ['ignore', 'ignore', 'pipe'] });

export function sqliteDatabase() {
  const folder = temporaryFolder();
  const file = join(folder, 'chaos.db');
  return { kind: 'SQLite', folder, url: `sqlite://${file}`, sql: (text) => promisify(execFile)('sqlite3', [file, text], LIMIT) };
}

let made = 0;

/** A new database on the server that TEST_DATABASE_URL names. */
export function postgresDatabase() {
  const admin = process.env.TEST_DATABASE_URL;
  const folder = temporaryFolder();
  const name = `kanban_chaos_${process.pid}_${(made += 1)}`;
  const url = new URL(admin);
  url.pathname = `/${name}`;
  atExit(() => psqlNow(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  psqlNow(admin, `CREATE DATABASE ${name}`);
  return { kind: 'PostgreSQL', folder, name, admin, url: url.href, sql: (text) => psql(url.href, text) };
}

/** A new database and a proxy to it. `proxied` is the database as a server sees it through the proxy. */
export async function proxiedDatabase() {
  const database = postgresDatabase();
  const url = new URL(database.url);
  const proxy = new Proxy(url.hostname, Number(url.port || 5432));
  await proxy.listen();
  Object.assign(url, { hostname: '127.0.0.1', port: proxy.port, search: '?sslmode=disable' });
  return { database, proxy, proxied: { ...database, url: url.href } };
}
