// Prints how smooth a drag on a board of 1,000 cards is, and how soon another browser shows it.
//
// Usage: node frames.mjs PATH/TO/kanban

import { chromium } from 'playwright-core';
import { sqliteDatabase } from '../chaos/databases.mjs';
import { card, column, lift } from './board.mjs';
import { Site } from './site.mjs';
import { Stage } from './stage.mjs';

const CARDS = 1000;
const STEPS = 120;
const COLUMNS = ['BACKLOG', 'TODO', 'DOING', 'DONE'];

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

/** Begins to note how long frames and tasks take. */
const watch = (page) =>
  page.evaluate(() => {
    const noted = { frames: [], tasks: [] };
    let last = performance.now();
    requestAnimationFrame(function note(now) {
      noted.frames.push(Math.round(now - last));
      last = now;
      requestAnimationFrame(note);
    });
    const observer = new PerformanceObserver((list) => {
      noted.tasks.push(...list.getEntries().map(({ duration }) => Math.round(duration)));
    });
    observer.observe({ type: 'longtask' });
    window.noted = noted;
  });

/** What was noted since the last time, in milliseconds. Tasks of more than 50 ms are long. */
const take = (page) =>
  page.evaluate(() => {
    const frames = window.noted.frames.splice(0).sort((a, b) => b - a);
    return { frames: frames.length, longestFrames: frames.slice(0, 5), longTasks: window.noted.tasks.splice(0) };
  });

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

const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const browser = await chromium.launch({ executablePath: CHROMIUM, args });
const site = await Site.start(program, sqliteDatabase());
const stage = await Stage.make(browser, site);
await fill(stage.world);
const mine = await stage.openBoard(stage.world.user);
const theirs = await stage.openBoard(stage.world.colleague);

await watch(mine);
await lift(mine, 'TODO 1');
console.log('lift:', await take(mine));
await sweep(mine);
console.log('drag:', await take(mine));
await mine.mouse.up();
const dropped = performance.now();
await column(theirs, 'Done').locator('..').getByRole('button', { name: 'TODO 1' }).waitFor();
console.log(`the other browser shows it ${Math.round(performance.now() - dropped)} ms after the drop, with the animation of the drop`);
await card(mine, 'TODO 1').waitFor();
console.log('drop:', await take(mine));
await stage.close();
await browser.close();
process.exit(0);
