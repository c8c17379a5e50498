import { accounts } from './scenarios/accounts.mjs';
import { boards } from './scenarios/boards.mjs';
import { cards } from './scenarios/cards.mjs';
import { connections } from './scenarios/connections.mjs';
import { drags } from './scenarios/drags.mjs';
import { looks } from './scenarios/looks.mjs';
import { members } from './scenarios/members.mjs';
import { refetches } from './scenarios/refetches.mjs';
import { sessions } from './scenarios/sessions.mjs';

/** All tests: their names and what they do. Each has a board, users and browsers of its own. */
export const TESTS = Object.entries({
  ...accounts,
  ...boards,
  ...cards,
  ...connections,
  ...drags,
  ...looks,
  ...members,
  ...refetches,
  ...sessions,
}).map(([name, run]) => ({ name, run }));
