// Relay, Python and Rust: how they are built and started, and what they cannot do.

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildRelay } from './relay/build.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const { PYTHON = 'python3', CARGO_TARGET_DIR = at('../../target/rust-client') } = process.env;
// The clients run in another folder.
const python = PYTHON.includes('/') ? resolve(PYTHON) : PYTHON;
const rustTarget = resolve(CARGO_TARGET_DIR);

export const OTHER_CLIENTS = [
  { name: 'relay', command: [process.execPath, at('relay/main.mjs')], build: () => buildRelay(at('relay')) },
  { name: 'gql', command: [python, at('python/main.py')] },
  { name: 'cynic', command: [`${rustTarget}/debug/kanban-client`], build: buildRust },
];

const NO_CACHE = { steps: ['createInList', 'moveWithRollback'], reason: 'it has no cache, so it shows no lists' };
export const OTHER_GAPS = [
  { client: 'gql', ...NO_CACHE },
  { client: 'cynic', ...NO_CACHE },
];

function buildRust() {
  const options = ['build', '--locked', '--quiet', '--target-dir', rustTarget];
  execFileSync('cargo', options, { cwd: at('rust'), stdio: 'inherit' });
}
