// Runs the steps of a client. ../../run.mjs starts it.
//
// Usage: node main.js CLIENT JSON

import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { Session } from '../session/session.js';
import { provideBrowser } from './browser.js';

type AnySteps = Record<string, (input: unknown) => Promise<unknown>>;

const write = (message: unknown) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** Warnings of libraries: they mean that a guide is wrong. */
const warnings: string[] = [];
console.warn = console.error = (...texts) => warnings.push(texts.map(String).join(' '));

async function answer(steps: AnySteps, { step, input }: { step: string; input: unknown }) {
  try {
    const result = await steps[step]!(input);
    return warnings.length > 0 ? { error: `it warned: ${warnings.splice(0).join('\n')}` } : { result };
  } catch (error) {
    return { error: inspect(error) };
  }
}

const [name, json] = process.argv.slice(2);
provideBrowser();
const session = new Session(JSON.parse(json!).url);
const { connect } = await import(`../${name}/steps.js`);
const steps: AnySteps = connect(session);
write({ steps: Object.keys(steps) });
for await (const line of createInterface({ input: process.stdin })) write(await answer(steps, JSON.parse(line)));
