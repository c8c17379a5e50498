// Runs the steps with Relay: reads a step and its input as a line of JSON, and writes the result.

import { createInterface } from 'node:readline';
import WebSocket from 'ws';
import { createEnvironment } from '../live/recipes/relay.mjs';
import { Session } from '../live/recipes/session.mjs';
import { Steps } from './build/steps.js';

// Node.js has one of its own since version 22.
globalThis.WebSocket ??= WebSocket;

const LOG_IN = `mutation($input: LogInInput!) {
  logIn(input: $input) { accessToken refreshToken expiresAt }
}`;

const { url } = JSON.parse(process.argv[2]);
const write = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const names = Object.getOwnPropertyNames(Steps.prototype).filter((name) => !['constructor', 'cardIds'].includes(name));
let steps;

/** Relay needs a session, so the log-in comes before it. */
async function logIn(input) {
  const body = JSON.stringify({ query: LOG_IN, variables: { input } });
  const response = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  const { data } = await response.json();
  const session = new Session(url, data.logIn);
  steps = new Steps(createEnvironment(url.replace(/^http/, 'ws'), session), session);
  return { accessToken: data.logIn.accessToken };
}

write({ steps: ['logIn', ...names] });
for await (const line of createInterface({ input: process.stdin })) {
  const { step, input } = JSON.parse(line);
  try {
    write({ result: step === 'logIn' ? await logIn(input) : await steps[step](input) });
  } catch (error) {
    write({ error: error.stack });
  }
}
