// Deletes an account with many boards, while others write and read.
//
// Usage: node tests/chaos/leaving.mjs [--boards 20000] [--users 1] PATH/TO/kanban
//
// With several users, they share boards, which pass on to those who stay. The exit code is 1 if a write of somebody else took
// longer than 100 ms while boards were erased.

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { postgresDatabase, sqliteDatabase } from './databases.mjs';
import { Api, eventually, highest, median, printTable, startServer } from './support.mjs';

const LIMIT = 60_000;
const ERASE_LIMIT = 1_800_000;
/** In milliseconds. */
const WRITE_LIMIT = 100;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { boards: { type: 'string', default: '20000' }, users: { type: 'string', default: '1' } },
});
const [program] = positionals;
if (!program) {
  console.error('Usage: node leaving.mjs [--boards 20000] [--users 1] PATH/TO/kanban');
  process.exit(2);
}

/** So many boards with a card each, and with one to three of the users. */
function seed(database) {
  const env = { DATABASE_URL: database.url, ARGON2_MEMORY_KIB: '8' };
  const size = ['--users', values.users, '--boards', values.boards, '--cards', values.boards];
  execFileSync(resolve(program), ['seed', ...size], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function logIn(api, email) {
  const query = 'mutation($input: LogInInput!) { logIn(input: $input) { accessToken } }';
  return (await api.data(query, { input: { email, password: 'password' } })).logIn.accessToken;
}

async function run(database) {
  seed(database);
  const server = await startServer(program, database);
  const api = new Api(server.url, LIMIT);
  const input = { email: 'ann@example.com', password: 'password' };
  await api.data('mutation($input: SignUpInput!) { signUp(input: $input) { user { id } } }', { input });
  const [ann, leaver] = [await logIn(api, 'ann@example.com'), await logIn(api, 'user1@example.com')];
  const { createBoard } = await api.data('mutation { createBoard(input: { title: "x" }) { board { id } } }', {}, ann);
  const boardId = createBoard.board.id;

  const times = { during: [], after: [] };
  const counted = 'SELECT count(*) FROM boards WHERE id NOT IN (SELECT board_id FROM users_boards)';
  let phase = 'during';
  let isDone = false;
  const write = async () => {
    while (!isDone) {
      const since = performance.now();
      const kind = phase;
      await api.data('mutation($input: CreateCardInput!) { createCard(input: $input) { card { id } } }', { input: { boardId, card: { title: 'x' } } }, ann);
      times[kind].push(performance.now() - since);
    }
  };
  const writing = write();
  const since = performance.now();
  const gone = await api.mutate('deleteViewer', { currentPassword: 'password' }, 'deletedUserId', leaver);
  if (!gone?.data?.deleteViewer) throw new Error(`deleteViewer: ${JSON.stringify(gone)}`);
  const deletion = performance.now() - since;
  phase = 'after';
  const left = async () => {
    const result = await database.sql(counted);
    return Number((result.stdout ?? result).trim()) === 0;
  };
  await eventually(ERASE_LIMIT, 'erased boards', async () => (await new Promise((done) => setTimeout(done, 500)), left()));
  const erased = performance.now() - since;
  isDone = true;
  await writing;
  server.child.kill('SIGTERM');
  await server.gone;
  return {
    database: database.kind,
    boards: values.boards,
    users: values.users,
    'deleteViewer (ms)': Math.round(deletion),
    'erased after (s)': Math.round(erased / 1000),
    'longest write during deleteViewer (ms)': highest(times.during),
    'longest write during erasure (ms)': highest(times.after),
    'median (ms)': median(times.after),
  };
}

const rows = [await run(sqliteDatabase())];
if (process.env.TEST_DATABASE_URL) rows.push(await run(postgresDatabase()));
printTable(rows);
process.exit(rows.every((row) => row['longest write during erasure (ms)'] <= WRITE_LIMIT) ? 0 : 1);
