// Sends the same requests to the server and to graphql-js, and fails if they disagree on whether a
// request is refused, on the data (including the order of keys) or on the paths of errors. The requests
// are those in cases/, and random documents with a fixed seed.
//
// On SQLite, and on PostgreSQL if TEST_DATABASE_URL is set.
//
// Usage: node differential.mjs PATH/TO/kanban

import { buildSchema, parse, validate } from 'graphql';
import { postgresDatabase } from '../chaos/databases.mjs';
import { atExit } from '../chaos/support.mjs';
import { difference, samePlace } from './compare.mjs';
import { generate } from './generator.mjs';
import { answer, rules } from './reference.mjs';
import { resolvers } from './resolvers.mjs';
import { sdl, start } from './server.mjs';
import { copy, make } from './world.mjs';
import { known } from './known.mjs';
import effects from './cases/effects.mjs';
import execution from './cases/execution.mjs';
import introspection, { differenceOfIntrospections } from './cases/introspection.mjs';
import lexical from './cases/lexical.mjs';
import merging from './cases/merging.mjs';
import byRule from './cases/rules.mjs';
import variables from './cases/variables.mjs';

const SEED = 14;
const GENERATED = Number(process.env.GENERATED ?? 2000);

const [, , program] = process.argv;
const schema = buildSchema(sdl(program));
const databases = [{ kind: 'SQLite', settings: {} }];
if (process.env.TEST_DATABASE_URL) databases.push({ kind: 'PostgreSQL', settings: { DATABASE_URL: postgresDatabase().url } });
else console.log('PostgreSQL: not tested, because TEST_DATABASE_URL is not set');

let failures = 0;
for (const database of databases) failures += await compareOn(database);
process.exit(failures === 0 ? 0 : 1);

/** Returns the number of differences. */
async function compareOn({ kind, settings }) {
  // Cases are about the specification, so the complexity limit is raised.
  const limits = { GRAPHQL_MAX_COMPLEXITY: '100000000', RATE_LIMIT: 'off', JWT_SECRET: 'conformance'.repeat(3) };
  const server = await start(program, { ...limits, ...settings });
  atExit(server.stop);
  const totals = { passed: 0, failed: 0, refused: 0, placed: 0, known: new Set() };

  const { send, ids } = await make(server.url);
  const data = await copy(send, schema);
  const cursors = [...data.objects.values()].flatMap(({ cards }) => cards?.edges ?? []).map(({ cursor }) => cursor);
  const root = resolvers(schema, data, ids);
  const withIds = (text) =>
    text?.replace(/\b(BOARD|HOUSE|CARD|SOW|COMMENT|LABEL|USER|BOB)_ID\b/g, (_, name) => ids[name]);

  /** Sends a request to both. Generated mutations with an unpredictable result are left out. */
  const ask = async (group, request, isCase = true) => {
    const expected = await answer(schema, root, request);
    if (!isCase && expected.unknown && /\bmutation\b/.test(request.query)) return expected;
    const actual = await send(request).catch((error) => ({ errors: [{ message: String(error) }] }));
    if (expected.refused) {
      totals.refused += 1;
      totals.placed += samePlace(expected, actual);
    }
    tell(group, request, difference(expected, actual));
    return expected;
  };
  const tell = (group, request, found) => {
    const reason = found && known.findIndex(({ matches }) => matches(request, found, schema));
    if (found && reason < 0) {
      totals.failed += 1;
      console.log(`${group}: ${request.query}\n  ${request.variables ?? ''}\n  ${found}`);
    } else {
      totals.passed += 1;
      if (found) totals.known.add(reason);
    }
  };
  const wrong = (group, query, message) => tell(group, { query }, `the case is wrong: ${message}`);

  checkThatRulesAreCovered(wrong);
  for (const { rule, valid, invalid } of byRule) {
    for (const one of valid) {
      const { refused, message } = await ask(rule, request(one, withIds));
      if (refused) wrong(rule, request(one, withIds).query, message);
    }
    for (const query of invalid.map(withIds)) {
      const only = rules.filter(({ name }) => name === `${rule}Rule`);
      if (validate(schema, parse(query), only).length === 0) wrong(rule, query, 'the rule accepts it');
      await ask(rule, { query });
    }
  }
  for (const [group, cases] of Object.entries({ merging, lexical, variables, execution, introspection })) {
    for (const one of cases) await ask(group, request(one, withIds));
  }
  for (const query of introspection.complete) {
    const expected = await answer(schema, root, { query });
    tell('introspection', { query: 'the whole schema' }, differenceOfIntrospections(expected, await send({ query })));
  }
  let refused = 0;
  for (const one of generate(schema, ids, cursors, SEED, GENERATED))
    refused += 'refused' in (await ask('generated', one, false));
  console.log(`${kind}: ${GENERATED} documents generated, of which ${refused} are invalid`);
  // Last, because they change the data that the other cases read.
  for (const one of effects) await ask('effects', request(one, withIds));

  console.log(`the location of the first error agrees in ${totals.placed} of ${totals.refused} refused requests`);
  known.forEach(({ why }, index) => totals.known.has(index) || wrong('known', why, 'this difference does not occur'));
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  server.stop();
  return totals.failed;
}

/** A case is a document, or a list of document, variables (JSON text) and operation name. */
function request(one, withIds) {
  const [query, variables, operationName] = typeof one === 'string' ? [one] : one;
  return { query: withIds(query), variables: withIds(variables), operationName };
}

function checkThatRulesAreCovered(wrong) {
  const covered = byRule.map(({ rule }) => `${rule}Rule`);
  for (const { name } of rules) if (!covered.includes(name)) wrong('rules', name, 'no case for it');
}
