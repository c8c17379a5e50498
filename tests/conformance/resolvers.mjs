// Resolvers that return what the server should return, on a copy of its data.

import { getNamedType } from 'graphql';

/** The root of queries and mutations: a tree of plain objects in which fields with arguments are functions. */
export function resolvers(schema, { root, objects }, ids) {
  // Before the lists of boards become functions.
  const boards = [...objects.values()].filter(({ __typename }) => __typename === 'Board');
  const cardEdges = new Map(boards.flatMap(({ cards }) => cards.edges).map((edge) => [edge.node.id, edge]));
  for (const object of objects.values()) addPages(schema.getType(object.__typename), object);
  addPages(schema.getQueryType(), root);
  const kinds = ({ __typename }) => [
    __typename,
    ...schema
      .getType(__typename)
      .getInterfaces()
      .map(({ name }) => name),
  ];
  const ofType = (type) => [...objects.values()].filter((object) => kinds(object).includes(type));
  const find = (type, id) => ofType(type).find((one) => one.id === id);
  const need = (type, id, context, info) => find(type, id) ?? fail(context, info, 'not found');

  const queries = {
    ...root,
    board: ({ id }) => find('Board', id),
    card: ({ id }) => find('Card', id),
    node: ({ id }) => find('Node', id),
    nodes: ({ ids }) => ids.map((id) => find('Node', id)),
    userByEmail: ({ email }) => ofType('User').find((user) => user.email === email.trim().toLowerCase()),
  };
  // The results of mutations that change nothing or fail are predictable, and so are new cards on a
  // separate board.
  const mutations = {
    ...allUnknown(schema.getMutationType()),
    updateCard: ({ input: { cardId, labels, ...texts } }, context, info) => {
      const card = need('Card', cardId, context, info);
      const isAsItWas = Object.entries(texts).every(([name, value]) => card[name] === value);
      return isAsItWas && labels === undefined ? { card, cardEdge: cardEdges.get(cardId) } : unknown(null, context);
    },
    addLabelsToCard: ({ input }, context, info) => {
      const card = need('Card', input.cardId, context, info);
      const bears = (wanted) => card.labels.some(({ color }) => color === wanted);
      return input.labels.every(bears) ? { card } : unknown(null, context);
    },
    deleteCard: ({ input }, context, info) => need('Card', input.cardId, context, info) && unknown(null, context),
    createCard: ({ input }, context, info) => {
      const { id } = need('Board', input.boardId, context, info);
      return id === ids.HOUSE ? { card: newCard(schema, input.card) } : unknown(null, context);
    },
  };
  return { ...queries, ...mutations };
}

/** The predictable fields of a new card. */
function newCard(schema, { title, description, column, labels }) {
  const colors = schema.getType('LabelColor').getValues();
  const sorted = colors.filter(({ name }) => labels.includes(name)).map(({ name }) => ({ color: name }));
  const texts = { title: title.trim(), description: description.trimEnd() };
  return { ...allUnknown(schema.getType('Card')), ...texts, column, labels: sorted };
}

function allUnknown(type) {
  return Object.fromEntries(Object.keys(type.getFields()).map((name) => [name, unknown]));
}

function addPages(type, object) {
  for (const field of Object.values(type.getFields())) {
    const connection = getNamedType(field.type).name;
    if (!connection.endsWith('Connection')) continue;
    const { edges } = object[field.name];
    const most = connection === 'CardConnection' ? 1000 : 200;
    // Asynchronous, so that siblings of a field that fails are resolved too, as on the server.
    object[field.name] = async (args, context, info) => page(edges, most, args, context, info);
  }
}

/** A page of a list, as specified by Relay. */
function page(list, most, { first, last, after, before, boardIds, filter, orderBy, afterSequence }, context, info) {
  if (orderBy) unknown(null, context);
  if (boardIds?.some((id) => !/^board_\d+$/.test(id))) fail(context, info, 'invalid ID');
  // A text filter must not contain control characters, except tabs and line breaks.
  if (/[^\P{Cc}\n\r\t]/u.test(filter?.text ?? '')) fail(context, info, 'control characters');
  const inRange = (size) => !isGiven(size) || (size >= 0 && size <= most);
  if (!inRange(first) || !inRange(last) || (isGiven(first) && isGiven(last)))
    fail(context, info, 'invalid page size');
  const isWanted = (node) =>
    (!boardIds?.length || boardIds.includes(node.board.id)) &&
    (!filter || meets(node, filter)) && (!isGiven(afterSequence) || node.sequence > afterSequence);
  const all = list.filter(({ node }) => isWanted(node));
  const place = (cursor) => {
    const found = all.findIndex((edge) => edge.cursor === cursor);
    if (found >= 0) return found;
    // Only the server knows the position of a card of another list. (A cursor is a JSON list in
    // base64.)
    return cursor.startsWith('Wz') ? unknown(null, context) : fail(context, info, 'invalid cursor');
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

// Searches fold case and compatibility forms, and leave invisible characters out.
const folded = (text) => text.normalize('NFKC').toLowerCase().replace(/\p{Default_Ignorable_Code_Point}/gu, '');

function meets(card, { columns, labels, text }) {
  const texts = [card.title, card.description].map(folded);
  return (
    (!columns?.length || columns.includes(card.column)) &&
    (!labels?.length || card.labels.some(({ color }) => labels.includes(color))) &&
    (!text || texts.some((one) => one.includes(folded(text))))
  );
}

function isGiven(value) {
  return value !== null && value !== undefined;
}

/** Records the path of a field and makes it fail. */
function fail({ thrown }, info, message) {
  const path = [];
  for (let at = info.path; at; at = at.prev) path.unshift(at.key);
  thrown.push(path);
  throw new Error(message);
}

/** Marks the response as unpredictable. */
function unknown(_, context) {
  context.unknown = true;
  throw new Error('unpredictable');
}
