// docs/permissions.md has the table of tests/scenarios/permissions.rs, and docs/errors.md has all error codes.
//
// Usage: node guides.mjs [--write] (writes the table)

import { readFileSync, writeFileSync } from 'node:fs';
import { buildSchema } from 'graphql';

const at = (path) => new URL(`../../${path}`, import.meta.url);
const read = (path) => readFileSync(at(path), 'utf8');

const GUIDE = 'docs/permissions.md';
const TABLE = /(<!-- table -->\n)[^]*(<!-- end of the table -->)/;
/** A constant with outcomes, and a row of the table: the path of the result, the request, the outcomes. */
const CONSTANT = /^const (\w+): Outcomes = (\[.*\]);/gm;
const ROW = /\(\s*"([\w/]+)",\s*(?:"([^"]*)"|r#"([^]*?)"#),\s*(\[[^\]]*\]|\w+),?\s*\)/g;

/** What the names of objects in requests mean. */
const OBJECTS = {
  board: 'a board',
  card: 'a card',
  label: 'a label',
  column: 'a column',
  comment: "another user's comment",
  ownComment: 'their own comment',
  owner: 'another member',
  self: 'themselves',
  stranger: 'a new member',
  session: "another user's session",
  trashed: 'a card in the trash',
  deleted: 'a board in the trash',
  cardOfDeleted: 'a card of a board in the trash',
  refreshToken: '',
  who: '',
};

/** The requests of the tests, each with five outcomes. */
function rows() {
  const source = read('tests/scenarios/permissions.rs');
  const constants = { NOBODY: 'UNAUTHENTICATED' };
  const outcomes = (text) => {
    if (!text.startsWith('[')) return constants[text];
    const [, same] = text.match(/^\["(\w+)"; 5\]$/) ?? [];
    return same ? Array(5).fill(same) : text.match(/\w+/g).map((word) => constants[word] ?? word);
  };
  for (const [, name, text] of source.matchAll(CONSTANT)) constants[name] = outcomes(text);
  const from = source.indexOf('const TABLE');
  const table = source.slice(from, source.indexOf('\n];', from));
  const found = [...table.matchAll(ROW)].map(([, path, plain, raw, text]) => {
    return { path, request: plain ?? raw, outcomes: outcomes(text) };
  });
  const count = table.match(/^ {4}\(/gm).length;
  if (found.length !== count) throw new Error(`permissions.rs has ${count} rows, but ${found.length} can be read`);
  return found;
}

/** `board/members/nodes` is `board.members`; the objects are those that the request names. */
function line({ path, request, outcomes }) {
  const field = path.replace(/\/(nodes|0)$/, '').replaceAll('/', '.');
  const names = [...request.matchAll(/\$(\w+)/g)].map(([, name]) => OBJECTS[name] ?? fail(name));
  const objects = [...new Set(names.filter(Boolean))].join(', ');
  const cells = outcomes.map((outcome) => (outcome === 'ok' ? 'yes' : /^[a-z]+$/.test(outcome) ? outcome : `\`${outcome}\``));
  return `| \`${field}\` | ${[objects, ...cells].join(' | ')} |\n`;
}

function fail(name) {
  throw new Error(`guides.mjs does not know $${name}`);
}

const HEAD = '| field | of | not logged in | no member | VIEWER | MEMBER | ADMIN |\n|---|---|---|---|---|---|---|\n';
const lines = HEAD + rows().map(line).join('');
const guide = read(GUIDE);
const current = guide.replace(TABLE, (_, before, after) => `${before}${lines}${after}`);
if (process.argv[2] === '--write') writeFileSync(at(GUIDE), current);
else if (guide !== current) throw new Error(`${GUIDE} is out of date: run node tests/lint/guides.mjs --write`);

const codes = buildSchema(read('schema.graphql')).getType('ErrorCode').getValues().map(({ name }) => name);
const described = [...read('docs/errors.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
const different = [...codes, ...described].filter((code) => !codes.includes(code) || !described.includes(code));
if (different.length > 0) throw new Error(`docs/errors.md and ErrorCode differ: ${different.join(', ')}`);
console.log('The guides have the permissions and error codes of the server');
