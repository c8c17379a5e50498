// The code in docs/live.md is the code of `recipes`, and its GraphQL documents are valid.
//
// Usage: node guide.mjs --write (copies the recipes into the guide)

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';

const at = (path) => new URL(path, import.meta.url);
const read = (path) => readFileSync(at(path), 'utf8');

const GUIDE = '../../docs/live.md';
/** These only pass documents on, or are the same in another language. */
const NOT_SHOWN = ['documents.mjs', 'documents.py', 'board_copy.py'];
/** A link to a recipe, and the block of code that follows. */
const RECIPE = /(\(\.\.\/tests\/clients\/recipes\/([\w.]+)\)[^\n]*\n\n```\w+\n)([^]*?)(?=```\n)/g;
const DOCUMENT = /```graphql\n([^]*?)```\n/g;

/** Throws an error if the guide is not up to date. */
export function checkGuide() {
  const guide = read(GUIDE);
  const shown = [...guide.matchAll(RECIPE)].map(([, , name]) => name);
  const missing = recipes().filter((name) => !shown.includes(name));
  if (missing.length > 0) throw new Error(`docs/live.md does not show ${missing.join(', ')}`);
  for (const [, , name, code] of guide.matchAll(RECIPE)) {
    if (code !== read(`recipes/${name}`)) throw new Error(`docs/live.md shows another ${name}: run node guide.mjs --write`);
  }
  checkDocuments(guide);
}

function checkDocuments(guide) {
  const schema = buildSchema(read('../../schema.graphql'));
  for (const [, text] of guide.matchAll(DOCUMENT)) {
    const errors = validate(schema, parse(text));
    if (errors.length > 0) throw new Error(`docs/live.md: ${errors[0].message}\n${text}`);
  }
}

const recipes = () =>
  readdirSync(at('recipes'), { withFileTypes: true })
    .filter((entry) => entry.isFile() && !NOT_SHOWN.includes(entry.name))
    .map((entry) => entry.name);

if (process.argv[2] === '--write') {
  writeFileSync(at(GUIDE), read(GUIDE).replace(RECIPE, (_, before, name) => before + read(`recipes/${name}`)));
}
