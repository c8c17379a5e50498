// The data of the tests. It is created through the API and then copied, each object by a simple
// document, into a tree of JavaScript objects on which graphql-js can execute documents.

import { getNamedType, isLeafType, isObjectType, isRequiredArgument } from 'graphql';
import { client } from './client.mjs';

/** Creates the data of a small team with two boards. */
export async function make(url) {
  const ask = async (send, query, input) => {
    const { data, errors } = await send({ query, variables: JSON.stringify({ input }) });
    if (errors) throw new Error(`${query}: ${JSON.stringify(errors)}`);
    return Object.values(data)[0];
  };
  const join = async (email) => {
    const account = { email, password: 'password of a test' };
    await ask(client(url), 'mutation($input:SignUpInput!){signUp(input:$input){user{id}}}', account);
    const log = 'mutation($input:LogInInput!){logIn(input:$input){accessToken user{id}}}';
    const { accessToken, user } = await ask(client(url), log, account);
    return { send: client(url, accessToken), id: user.id };
  };
  const ann = await join('ann@example.com');
  const bob = await join('bob@example.com');
  const change = (field, type, input, selection) =>
    ask(ann.send, `mutation($input:${type}!){${field}(input:$input){${selection}}}`, input);

  const made = [];
  for (const title of ['Garden', 'House']) {
    const input = { title, description: `About the ${title}` };
    made.push((await change('createBoard', 'CreateBoardInput', input, 'board{id labels{id}}')).board);
  }
  const boardId = made[0].id;
  await change('shareBoard', 'ShareBoardInput', { boardId, userId: bob.id, role: 'MEMBER' }, 'board{id}');
  const cards = [
    { title: 'Plan the beds', description: 'Where?\nWhen?', column: 'DONE', labels: ['RED'] },
    { title: 'Sow', column: 'DOING', labels: ['GREEN', 'BLUE'] },
    { title: 'Plan the "harvest"', column: 'TODO', labels: ['RED', 'GREEN'] },
    { title: 'Water', column: 'TODO' },
    { title: 'Dig', description: 'Deep' },
    { title: 'Weed' },
  ];
  const { cards: ids } = await change('createCards', 'CreateCardsInput', { boardId, cards }, 'cards{id}');
  await change('createCard', 'CreateCardInput', { boardId: made[1].id, card: { title: 'Paint' } }, 'card{id}');
  const cardId = ids[2].id;
  const say = 'mutation($input:AddCommentInput!){addComment(input:$input){comment{id}}}';
  const { comment } = await ask(bob.send, say, { cardId, body: 'Which one?' });
  for (const body of ['Apples', 'Pears']) {
    await change('addComment', 'AddCommentInput', { cardId, body }, 'comment{id}');
  }
  await change('updateCard', 'UpdateCardInput', { cardId, description: 'In August' }, 'card{id}');
  await change('moveCard', 'MoveCardInput', { cardId: ids[5].id, column: 'DOING' }, 'card{id}');
  const found = { BOARD: boardId, HOUSE: made[1].id, CARD: cardId, SOW: ids[1].id, COMMENT: comment.id };
  return { send: ann.send, ids: { ...found, LABEL: made[0].labels[0].id, USER: ann.id, BOB: bob.id } };
}

/** Copies everything that the viewer can reach. Returns the query root and all objects by ID. */
export async function copy(send, schema) {
  const ask = async (query) => {
    const { data, errors } = await send({ query });
    if (errors) throw new Error(`${query}: ${JSON.stringify(errors)}`);
    return data;
  };
  const objects = new Map();
  const waiting = [];
  /** Replaces a reference to an object by the object itself, and queues the object to be copied. */
  const link = (value) => {
    if (Array.isArray(value)) return value.map(link);
    if (value === null || typeof value !== 'object') return value;
    const { __typename, id } = value;
    if (__typename === undefined) return mapFields(value, link);
    if (!objects.has(id)) {
      objects.set(id, { __typename, id });
      waiting.push(objects.get(id));
    }
    return objects.get(id);
  };
  const root = link(await ask(`{${plain(schema.getQueryType())}}`));
  while (waiting.length > 0) {
    const object = waiting.pop();
    const type = schema.getType(object.__typename);
    if (type.getInterfaces().some(({ name }) => name === 'Node')) {
      const { node } = await ask(`{node(id:"${object.id}"){...on ${type.name}{${plain(type)}}}}`);
      Object.assign(object, link(node));
      if (type.name === 'Board') await copyEvents(object);
    }
  }
  /** Events can only be read through their board. */
  async function copyEvents(board) {
    for (const type of schema.getPossibleTypes(schema.getType('BoardEvent'))) {
      const nodes = `nodes{id ...on ${type.name}{kind:__typename ${plain(type)}}}`;
      const events = (await ask(`{board(id:"${board.id}"){activity(first:200){${nodes}}}}`)).board.activity.nodes;
      for (const { kind, ...event } of events) if (kind) Object.assign(objects.get(event.id), link(event));
    }
  }
  return { root, objects };
}

/** A selection of all fields without required arguments. Objects that have an ID are selected as references. */
function plain(type) {
  const fields = Object.values(type.getFields()).filter((field) => !field.args.some(isRequiredArgument));
  return fields.map((field) => `${field.name}${below(field.type)}`).join(' ');
}

function below(type) {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  if (named.name.endsWith('Connection')) {
    const node = getNamedType(named.getFields().edges.type);
    return `(first:200){totalCount edges{${plain(node)}}}`;
  }
  return isObjectType(named) && !named.getFields().id ? `{${plain(named)}}` : '{__typename id}';
}

function mapFields(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}
