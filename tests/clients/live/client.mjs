// Follows a board with one of the clients in `recipes`, and prints what it has at the end. scenario.mjs starts it.
//
// Usage: node client.mjs RECIPE JSON

import { createInterface } from 'node:readline';
import WebSocket from 'ws';
import { BoardCopy } from './recipes/board_copy.mjs';
import { Session } from './recipes/session.mjs';

// Node.js has one of its own since version 22.
globalThis.WebSocket ??= WebSocket;

const FAR = 1000;

/** A copy that counts. */
class CountingCopy extends BoardCopy {
  seen = [];
  kinds = new Set();
  repeated = 0;
  resets = 0;

  async apply(payload) {
    this.resets += payload.reset ? 1 : 0;
    this.repeated += payload.events.filter((event) => event.sequence <= this.sequence).length;
    await super.apply(payload);
    this.onChange?.();
  }

  applyEvent(event) {
    this.seen.push(event.sequence);
    this.kinds.add(event.__typename);
    return super.applyEvent(event);
  }

  /** Waits until `isDone` is true. */
  async until(isDone) {
    while (!isDone()) await new Promise((done) => (this.onChange = done));
  }
}

class CountingSession extends Session {
  renewals = 0;

  renew() {
    this.renewals += 1;
    return super.renew();
  }
}

/** Queries over HTTP, for clients that have only subscriptions. */
const queryWithFetch = (url, session) => async (query, variables) => {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${await session.accessToken()}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return data;
};

const fail = (problem) => {
  console.error(problem);
  process.exit(1);
};

/** The copy must follow until the end of the process. */
const keepFollowing = (recipe, client, copy) =>
  recipe.follow(client, copy).then(() => fail('the subscription has completed'), fail);

async function main([name, json]) {
  const { url, apiUrl, tokens, boardId } = JSON.parse(json);
  const recipe = await import(`./${name}.mjs`);
  const session = new CountingSession(apiUrl, tokens);
  const client = recipe.connect(name.endsWith('sse') ? url : url.replace(/^http/, 'ws'), session);
  const query = recipe.query?.(client) ?? queryWithFetch(apiUrl, session);

  const copy = new CountingCopy(boardId, query);
  await copy.load();
  const begin = copy.sequence;
  keepFollowing(recipe, client, copy);
  const version = Number(await nextLine());
  await copy.until(() => copy.sequence >= version);

  const late = new CountingCopy(boardId, query);
  late.sequence = version + FAR;
  keepFollowing(recipe, client, late);
  await late.until(() => late.resets > 0);

  const { seen, repeated, resets } = copy;
  const result = { begin, seen, kinds: [...copy.kinds], repeated, resets, renewals: session.renewals };
  const [cards, lateCards] = [copy, late].map((one) => [...one.cards.values()]);
  process.stdout.write(`${JSON.stringify({ ...result, cards, lateCards })}\n`, () => process.exit(0));
}

const nextLine = () => new Promise((done) => createInterface({ input: process.stdin }).once('line', done));

main(process.argv.slice(2)).catch(fail);
