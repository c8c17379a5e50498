// Prints how smooth drags on a board of 1,000 cards are, and how soon another browser shows the move.
//
// Usage: node frames.mjs PATH/TO/kanban

import { loadavg } from 'node:os';
import { chromium } from 'playwright-core';
import { sqliteDatabase } from '../chaos/databases.mjs';
import { card, column, lift } from './board.mjs';
import { Site } from './site.mjs';
import { Stage } from './stage.mjs';

const CARDS = 1000;
const STEPS = 120;
const RUNS = 7;
const COLUMNS = ['BACKLOG', 'TODO', 'DOING', 'DONE'];
const PHASES = ['lift', 'drag', 'drop'];

const { CHROMIUM = '/usr/bin/chromium' } = process.env;
const [program] = process.argv.slice(2);
if (!program) throw new Error('usage: node frames.mjs PATH/TO/kanban');

/** Fills the board up to `CARDS`, evenly over the columns. */
async function fill(world) {
  const { length } = (await world.board()).cards.nodes;
  const cards = Array.from({ length: CARDS - length }, (_, at) => {
    return { title: `Card ${at}`, column: COLUMNS[at % 4], labels: at % 3 ? [] : ['RED', 'BLUE'] };
  });
  while (cards.length > 0) {
    await world.colleagueDoes('createCards', { boardId: world.boardId, cards: cards.splice(0, 100) }, 'cards { id }');
  }
}

/** Notes each frame in the trace. */
const noteFrames = (page) =>
  page.evaluate(() => {
    requestAnimationFrame(function note() {
      performance.mark('frame');
      requestAnimationFrame(note);
    });
  });

const begin = (page, phase) => page.evaluate((name) => void performance.mark(name), phase);

/** Moves the mouse over all columns. */
async function sweep(page) {
  const from = await column(page, 'Backlog').locator('..').boundingBox();
  const to = await column(page, 'Done').locator('..').boundingBox();
  for (let step = 0; step <= STEPS; step += 1) {
    const part = step / STEPS;
    const x = from.x + 40 + part * (to.x - from.x);
    await page.mouse.move(x, from.y + 150 + 120 * Math.sin(part * 12));
  }
}

/** Drags the first card of a column to another one. Returns after how many ms the other browser shows that. */
async function dragOnce(mine, theirs) {
  const title = await column(mine, 'To do').locator('li .card-title').first().textContent();
  await begin(mine, 'lift');
  await lift(mine, title);
  await begin(mine, 'drag');
  await sweep(mine);
  await begin(mine, 'drop');
  await mine.mouse.up();
  const dropped = performance.now();
  await column(theirs, 'Done').locator('..').locator(card(theirs, title)).waitFor();
  const shown = Math.round(performance.now() - dropped);
  await mine.locator('.card.saving, .card.dragging').waitFor({ state: 'detached' });
  await begin(mine, 'end');
  return shown;
}

/** The longest frames and tasks of each phase, in milliseconds. */
function measure(events) {
  const marks = [...PHASES, 'end'].map((phase) => events.find(({ cat, name }) => cat === 'blink.user_timing' && name === phase));
  const isOfPage = ({ pid, tid }) => pid === marks[0].pid && tid === marks[0].tid;
  const own = events.filter(isOfPage).sort((a, b) => a.ts - b.ts);
  return PHASES.map((_, at) => {
    const during = own.filter(({ ts }) => ts >= marks[at].ts && ts < marks[at + 1].ts);
    const frames = during.filter(({ name }) => name === 'frame').map(({ ts }) => ts);
    const tasks = during.filter(({ name, ph }) => name === 'RunTask' && ph === 'X');
    return {
      frame: longest(frames.slice(1).map((ts, before) => ts - frames[before])),
      task: longest(tasks.map(({ dur }) => dur)),
      cpu: longest(tasks.map(({ tdur = 0 }) => tdur)),
    };
  });
}

const longest = (microseconds) => Math.round(Math.max(0, ...microseconds) / 1000);

/** The median of the figures, and all of them. */
function print(what, figures) {
  const median = [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)];
  console.log(`${what}: ${median} (${figures.join(', ')})`);
}

const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const browser = await chromium.launch({ executablePath: CHROMIUM, args });
const site = await Site.start(program, sqliteDatabase());
const stage = await Stage.make(browser, site);
await fill(stage.world);
const mine = await stage.openBoard(stage.world.user);
const theirs = await stage.openBoard(stage.world.colleague);
await noteFrames(mine);

const runs = [];
const delays = [];
while (runs.length < RUNS) {
  await browser.startTracing(mine, { categories: ['blink.user_timing', 'disabled-by-default-devtools.timeline'] });
  delays.push(await dragOnce(mine, theirs));
  runs.push(measure(JSON.parse(await browser.stopTracing()).traceEvents));
}
console.log(`ms: the median (and all) of ${RUNS} drags. Load of the machine: ${loadavg()[0].toFixed(1)}`);
for (const [at, phase] of PHASES.entries()) {
  print(`${phase}: longest frame`, runs.map((run) => run[at].frame));
  print(`${phase}: longest task of the page`, runs.map((run) => run[at].task));
  print(`${phase}: longest task of the page, its CPU time`, runs.map((run) => run[at].cpu));
}
print('from the drop to the other browser, with the animation of the drop', delays);
await stage.close();
await browser.close();
process.exit(0);
