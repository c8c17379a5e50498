// What graphql-js makes of a request, on the server's schema and on a copy of its data.

import { execute, GraphQLError, getLocation, getNamedType, parse, specifiedRules, validate } from 'graphql';

/** Bounds the introspection; no rule of the specification. */
const NO_RULE_OF_THE_SPECIFICATION = 'MaxIntrospectionDepthRule';

/** Of the specification (Operation Type Existence), and in graphql-js from version 17 on. */
function KnownOperationTypesRule(context) {
  return {
    OperationDefinition(node) {
      if (context.getSchema().getRootType(node.operation)) return;
      context.reportError(new GraphQLError(`There is no ${node.operation} type.`, { nodes: node }));
    },
  };
}

export const rules = [
  ...specifiedRules.filter(({ name }) => name !== NO_RULE_OF_THE_SPECIFICATION),
  KnownOperationTypesRule,
];

/**
 * The answer to a request: `{ refused: code, place }`, or `{ data, errors, thrown }`, where `thrown` are the paths of
 * all fields that could not be resolved. `unknown` says that the data of an answer cannot be told.
 */
export async function answer(schema, rootValue, { query, variables, operationName }) {
  let document;
  try {
    document = parse(query);
  } catch (error) {
    return { refused: 'GRAPHQL_PARSE_FAILED', place: error.locations?.[0], message: error.message };
  }
  const invalid = validate(schema, document, rules)[0];
  if (invalid) return refusal(invalid);
  const contextValue = { thrown: [], unknown: false };
  const result = await execute({
    schema,
    document,
    rootValue,
    contextValue,
    variableValues: JSON.parse(variables ?? 'null') ?? {},
    operationName: operationName || undefined,
  });
  if (!('data' in result)) return refusal(result.errors[0]);
  // Fields beside one that failed may still be on their way.
  await new Promise(setImmediate);
  const { data, errors = [] } = result;
  return { data, errors, ...contextValue, thrown: [...contextValue.thrown, ...errors.map(({ path }) => path ?? [])] };
}

function refusal(error) {
  const place = error.source && error.positions && getLocation(error.source, error.positions[0]);
  return { refused: 'GRAPHQL_VALIDATION_FAILED', place, message: error.message };
}

/** The resolvers: a tree of plain objects in which fields with arguments are functions. */
export function resolvers(schema, { root, objects }, ids) {
  for (const object of objects.values()) addPages(schema.getType(object.__typename), object);
  addPages(schema.getQueryType(), root);
  const find = (id, type) => {
    const found = objects.get(id);
    return found && found.__typename === type ? found : null;
  };
  const isNode = (object) => schema.isSubType(schema.getType('Node'), schema.getType(object.__typename));
  const node = (id) => (objects.has(id) && isNode(objects.get(id)) ? objects.get(id) : null);
  const byEmail = (email) =>
    [...objects.values()].find((one) => one.__typename === 'User' && one.email === email.trim().toLowerCase());
  const mutations = Object.keys(schema.getMutationType().getFields()).map((name) => [name, unknown]);
  return {
    ...root,
    board: ({ id }) => find(id, 'Board'),
    card: ({ id }) => find(id, 'Card'),
    node: ({ id }) => node(id),
    nodes: ({ ids }) => ids.map(node),
    userByEmail: ({ email }) => byEmail(email),
    ...Object.fromEntries(mutations),
    updateCard: ({ input }, context, info) => ({ card: unchanged(find(input.cardId, 'Card'), input, context, info) }),
    addLabelsToCard: ({ input }, context, info) =>
      ({ card: unchanged(find(input.cardId, 'Card'), input, context, info, (all, some) => some.every((one) => all.includes(one))) }),
    createCard: ({ input }, context, info) =>
      input.boardId === ids.HOUSE ? { card: newCard(schema, input.card) } : unchanged(find(input.boardId, 'Board'), input, context, info),
    deleteCard: ({ input }, context, info) => unchanged(find(input.cardId, 'Card'), input, context, info),
  };
}

function addPages(type, object) {
  for (const field of Object.values(type.getFields())) {
    const connection = getNamedType(field.type).name;
    if (!connection.endsWith('Connection')) continue;
    const { edges } = object[field.name];
    const most = connection === 'CardConnection' ? 1000 : 200;
    object[field.name] = async (args, context, info) => page(edges, most, args, context, info);
  }
}

/** A page of a list, by the rules of Relay. */
function page(list, most, { first, last, after, before, filter, orderBy }, context, info) {
  if (orderBy) unknown(null, context);
  const inRange = (size) => size === null || size === undefined || (size >= 0 && size <= most);
  if (!inRange(first) || !inRange(last) || (isGiven(first) && isGiven(last))) fail(context, info, 'wrong size of a page');
  const all = filter ? list.filter(({ node }) => meets(node, filter)) : list;
  const place = (cursor) => {
    const found = all.findIndex((edge) => edge.cursor === cursor);
    // A cursor of a card that the filter leaves out has a place too, but it takes more to find it.
    if (found < 0) list.some((edge) => edge.cursor === cursor) ? unknown(null, context) : fail(context, info, 'no cursor');
    return found;
  };
  let start = isGiven(after) ? place(after) + 1 : 0;
  let end = Math.max(start, isGiven(before) ? place(before) : all.length);
  if (isGiven(last)) start = Math.max(start, end - last);
  else end = Math.min(end, start + (first ?? 50));
  const edges = all.slice(start, end);
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    totalCount: all.length,
    pageInfo: {
      hasNextPage: end < all.length,
      hasPreviousPage: start > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

function meets(card, { columns, labels, text }) {
  const texts = [card.title, card.description].map((one) => one.toLowerCase());
  return (
    (!columns?.length || columns.includes(card.column)) &&
    (!labels?.length || card.labels.some(({ color }) => labels.includes(color))) &&
    (!text || texts.some((one) => one.includes(text.toLowerCase())))
  );
}

/** A card that is "changed" to what it is already; whatever else is asked for is not known. */
function unchanged(card, changes, context, info, same = (all, some) => String(all) === String(some)) {
  if (!card) fail(context, info, 'not found');
  const { cardId, labels, ...others } = changes;
  const sameLabels = labels === undefined || (labels && same(card.labels.map(({ color }) => color), labels));
  if (!sameLabels || Object.entries(others).some(([name, value]) => card[name] !== value)) unknown(null, context);
  return card;
}

/** What is known of a card that is made. */
function newCard(schema, { title, description, column, labels }) {
  const fields = Object.keys(schema.getType('Card').getFields()).map((name) => [name, unknown]);
  const colors = schema.getType('LabelColor').getValues().map(({ name }) => name);
  const sorted = colors.filter((color) => labels.includes(color)).map((color) => ({ color }));
  return { ...Object.fromEntries(fields), title: title.trim(), description: description.trimEnd(), column, labels: sorted };
}

function isGiven(value) {
  return value !== null && value !== undefined;
}

function fail({ thrown }, info, message) {
  const path = [];
  for (let at = info.path; at; at = at.prev) path.unshift(at.key);
  thrown.push(path);
  throw new Error(message);
}

function unknown(_, context) {
  context.unknown = true;
  throw new Error('this is not known');
}
