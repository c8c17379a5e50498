// What users see and do on a board.

import assert from 'node:assert/strict';
import { eventually } from '../chaos/support.mjs';

const LIMIT = 20_000;

export const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

export const column = (page, name) => page.getByRole('list', { name, exact: true });

/** A card, by the beginning of its name: the title, and then its labels. */
export const card = (page, title) => page.locator('.card').and(page.getByRole('button', { name: new RegExp(`^${title}(,|$)`) }));

/** The names of the cards of a column that are in sight, from top to bottom. */
export const cardsOf = (page, name) =>
  column(page, name).locator('.card').evaluateAll((cards) => {
    const top = (one) => one.getBoundingClientRect().top;
    return cards.sort((a, b) => top(a) - top(b)).map((one) => one.ariaLabel);
  });

/** Waits until the column begins with these cards. */
export async function shows(page, name, titles) {
  let seen;
  const isShown = async () => {
    seen = (await cardsOf(page, name)).slice(0, Math.max(titles.length, 1));
    return JSON.stringify(seen) === JSON.stringify(titles);
  };
  await eventually(LIMIT, name, isShown).catch(() => assert.deepEqual(seen, titles, `the column ${name}`));
}

/** Drags a card to the place of another one, which moves down. */
export async function drag(page, title, target) {
  await lift(page, title);
  await dropAt(page, target);
}

/** Drops the lifted card. */
export async function dropAt(page, target) {
  const to = await (typeof target === 'string' ? card(page, target) : target).boundingBox();
  await page.mouse.move(to.x + 40, to.y + Math.min(12, to.height / 2), { steps: 12 });
  await settled(page);
  await page.mouse.up();
  await page.locator('.card.dragging').waitFor({ state: 'detached' });
}

export async function lift(page, title) {
  const from = await card(page, title).boundingBox();
  await page.mouse.move(from.x + 40, from.y + 12);
  await page.mouse.down();
  await page.mouse.move(from.x + 50, from.y + 20, { steps: 3 });
  await page.locator('.card.dragging').waitFor();
}

/** A function that touches the page at a point, or lifts the finger if there is none. */
export async function finger(page) {
  const browser = await page.context().newCDPSession(page);
  return (type, point) => browser.send('Input.dispatchTouchEvent', { type, touchPoints: point ? [point] : [] });
}

/** Waits until all transitions have ended. */
const settled = (page) =>
  page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));

/** Opens the dialog of a card. */
export async function openCard(page, title) {
  await card(page, title).click();
  const dialog = page.getByRole('dialog', { name: title });
  await dialog.waitFor();
  return dialog;
}

export async function chooseFromMenu(page, button, item) {
  await page.getByRole('button', { name: button }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

export const notice = (page, text) => page.locator('.notice', { hasText: text });
