// The code in the guides is the code that the clients run, and their GraphQL documents are valid.
//
// Usage: node guide.mjs --write (copies the files into the guides)

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';

const at = (path) => new URL(path, import.meta.url);
const read = (path) => readFileSync(at(path), 'utf8');

/** Guides of which every block of code must be a file. */
const GUIDES = [
  'apollo.md',
  'authentication.md',
  'codegen.md',
  'errors.md',
  'pagination.md',
  'persisted-documents.md',
  'python.md',
  'relay.md',
  'rust.md',
  'urql.md',
];
const LIVE = 'live.md';
/** These only pass documents on, or are the same in another language. */
const NOT_SHOWN = ['documents.mjs', 'documents.py', 'board_copy.py'];
/** A link to a file, and the block of code that follows. */
const FILE = /(\(\.\.\/tests\/clients\/([\w./]+)\)[^\n]*\n\n```\w+\n)([^]*?)(?=```\n)/g;
const CODE = /```(ts|tsx|js|json|graphql|python|rust|toml)\n/g;
const DOCUMENT = /```graphql\n([^]*?)```\n/g;

const pathOf = (guide) => `../../docs/${guide}`;
const filesIn = (text) => [...text.matchAll(FILE)].map(([, , path, code]) => ({ path, code }));

/** Throws an error if a guide is not up to date. */
export function checkGuides() {
  const schema = buildSchema(read('../../schema.graphql'));
  for (const guide of [LIVE, ...GUIDES]) checkGuide(guide, read(pathOf(guide)), schema);
  const shown = filesIn(read(pathOf(LIVE))).map(({ path }) => path);
  const missing = recipes().filter((name) => !shown.includes(`live/recipes/${name}`));
  if (missing.length > 0) throw new Error(`docs/${LIVE} does not show ${missing.join(', ')}`);
}

function checkGuide(guide, text, schema) {
  const files = filesIn(text);
  for (const { path, code } of files) {
    if (code !== read(path)) throw new Error(`docs/${guide} shows another ${path}: run node guide.mjs --write`);
  }
  for (const [, document] of text.matchAll(DOCUMENT)) {
    const errors = validate(schema, parse(document));
    if (errors.length > 0) throw new Error(`docs/${guide}: ${errors[0].message}\n${document}`);
  }
  if (guide === LIVE) return;
  const blocks = [...text.matchAll(CODE)].length;
  if (blocks !== files.length) throw new Error(`docs/${guide} has ${blocks} blocks of code, but ${files.length} are files`);
}

const recipes = () =>
  readdirSync(at('live/recipes'), { withFileTypes: true })
    .filter((entry) => entry.isFile() && !NOT_SHOWN.includes(entry.name))
    .map((entry) => entry.name);

if (process.argv[2] === '--write') {
  for (const guide of [LIVE, ...GUIDES]) {
    const path = at(pathOf(guide));
    writeFileSync(path, readFileSync(path, 'utf8').replace(FILE, (_, before, file) => before + read(file)));
  }
}
