// Compares schema.graphql with the released schema. Each breaking change must be in tests/allowed-changes.md.
//
// Usage: node breaking.mjs

import { readFileSync } from 'node:fs';
import * as graphql from 'graphql';

const ALLOWED = 'tests/allowed-changes.md';
/** "- `Card.rank was removed.`: the reason" */
const ENTRY = /^- `([^`]+)`: \S/;

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Of the changes that graphql-js calls dangerous, only this one changes what a present document means. */
const changesMeaning = ({ type }) => type === graphql.DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE;

function breakingChanges(released, present) {
  const found = [
    ...graphql.findBreakingChanges(released, present),
    ...graphql.findDangerousChanges(released, present).filter(changesMeaning),
  ];
  return [...found.map(({ description }) => description), ...changedDefaults(released, present)];
}

/** graphql-js compares the defaults of arguments only, not of input fields. */
function changedDefaults(released, present) {
  return inputFields(released).flatMap((field) => {
    const now = find(present, field);
    const [before, after] = [defaultOf(field), now && defaultOf(now)];
    // A field that is gone is found by graphql-js.
    if (!now || before === undefined || before === after) return [];
    return `${field.parent}.${field.name} has changed defaultValue from ${before} to ${after}.`;
  });
}

const inputFields = (schema) =>
  Object.values(schema.getTypeMap())
    .filter(graphql.isInputObjectType)
    .flatMap((type) => Object.values(type.getFields()).map((field) => ({ ...field, parent: type.name })));

const find = (schema, { parent, name }) => schema.getType(parent)?.getFields?.()[name];

const defaultOf = (field) => field.astNode.defaultValue && graphql.print(field.astNode.defaultValue);

/** The changes that the file allows. Throws an error if an entry has no reason. */
function allowedChanges(text) {
  const entries = text.split('\n').filter((line) => line.startsWith('- '));
  return entries.map((line) => {
    const change = line.match(ENTRY)?.[1];
    if (!change) throw new Error(`${ALLOWED}: this entry is not "- \`change\`: reason":\n${line}`);
    return change;
  });
}

const schemas = [read('tests/released.graphql'), read('schema.graphql')].map((text) => graphql.buildSchema(text));
const breaking = breakingChanges(...schemas);
const allowed = allowedChanges(read(ALLOWED));
const forbidden = breaking.filter((change) => !allowed.includes(change));
const needless = allowed.filter((change) => !breaking.includes(change));
for (const change of forbidden) console.error(`breaking change: ${change}`);
for (const change of needless) console.error(`${ALLOWED} allows what has not changed: ${change}`);

const dangerous = graphql.findDangerousChanges(...schemas).filter((change) => !changesMeaning(change));
for (const { description } of dangerous) console.log(`new: ${description}`);
console.log(`${breaking.length} breaking changes, ${allowed.length} allowed; ${dangerous.length} additions`);
process.exit(forbidden.length + needless.length > 0 ? 1 : 0);
