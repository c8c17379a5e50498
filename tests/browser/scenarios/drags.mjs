import assert from 'node:assert/strict';
import { eventually } from '../../chaos/support.mjs';
import { card, column, drag, dropAt, finger, lift, notice, PHONE, shows } from '../board.mjs';

const TODO = ['TODO 1', 'TODO 2'];

export const drags = {
  async 'a card dragged with the mouse moves in the browser of another user'(stage) {
    const mine = await stage.openBoard(stage.world.user);
    const theirs = await stage.openBoard(stage.world.colleague);
    await drag(mine, 'BACKLOG 2', 'TODO 2');
    for (const page of [mine, theirs]) {
      await shows(page, 'To do', ['TODO 1', 'BACKLOG 2', 'TODO 2']);
      await shows(page, 'Backlog', ['BACKLOG 1', 'BACKLOG 3']);
    }
    await drag(theirs, 'BACKLOG 3', 'BACKLOG 1');
    for (const page of [mine, theirs]) await shows(page, 'Backlog', ['BACKLOG 3', 'BACKLOG 1', 'BACKLOG 4']);
    await drag(mine, 'TODO 1', column(mine, 'Done').locator('..'));
    for (const page of [mine, theirs]) await shows(page, 'Done', ['TODO 1']);
  },

  async 'a card is moved with the keyboard'(stage) {
    const page = await stage.openBoard(stage.world.user);
    const lifted = page.locator('.card.dragging');
    await card(page, 'TODO 1').focus();
    await page.keyboard.press('Space');
    await lifted.waitFor();
    await page.keyboard.press('ArrowDown');
    await page.getByText('The card is at position 2 of To do.').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByText('The card is at position 1 of Doing.').waitFor();
    await page.keyboard.press('Space');
    await shows(page, 'Doing', ['TODO 1']);
    await shows(page, 'To do', ['TODO 2']);
    // The focus stays on the card, and Enter opens it.
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'TODO 1' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  },

  async 'a card is moved with a finger'(stage) {
    const page = await stage.openBoard(stage.world.user, { hasTouch: true });
    const from = await card(page, 'TODO 1').boundingBox();
    const to = await column(page, 'Doing').locator('..').boundingBox();
    const touch = await finger(page);
    await touch('touchStart', { x: from.x + 30, y: from.y + 15 });
    // A long press lifts the card.
    await page.locator('.card.dragging').waitFor();
    for (const part of [0.3, 0.6, 1]) {
      await touch('touchMove', { x: from.x + 30 + part * (to.x - from.x), y: from.y + 15 + part * 20 });
    }
    await page.locator('.cards.over', { has: column(page, 'Doing') }).waitFor();
    await touch('touchEnd');
    await shows(page, 'Doing', ['TODO 1']);
  },

  async 'a card is moved with a finger to a column that is out of sight'(stage) {
    const page = await stage.openBoard(stage.world.user, PHONE);
    const from = await card(page, 'BACKLOG 1').boundingBox();
    const touch = await finger(page);
    await touch('touchStart', { x: from.x + 30, y: from.y + 15 });
    await page.locator('.card.dragging').waitFor();
    // At the edge of the screen, the page follows.
    await touch('touchMove', { x: from.x + 60, y: from.y + 15 });
    await touch('touchMove', { x: PHONE.viewport.width - 5, y: from.y + 40 });
    await page.waitForFunction(() => Math.ceil(scrollX + innerWidth) >= document.documentElement.scrollWidth);
    await touch('touchMove', { x: from.x + 60, y: from.y + 40 });
    await page.locator('.cards.over', { has: column(page, 'Done') }).waitFor();
    await touch('touchEnd');
    await shows(page, 'Done', ['BACKLOG 1']);
    await eventually(20_000, 'the move', async () => (await stage.world.cards('DONE')).length === 1);
  },

  async 'a move of a card that somebody else has changed is taken back'(stage) {
    const { world } = stage;
    const socket = stage.mutable();
    const page = await stage.openBoard(world.user, { socket });
    const [todo] = await world.cards('TODO');
    socket.mute();
    await world.colleagueDoes('updateCard', { cardId: todo.id, title: 'Changed' }, 'card { id }');
    await drag(page, 'TODO 1', 'BACKLOG 1');
    await notice(page, 'Somebody else has changed “TODO 1” in the meantime.').waitFor();
    await shows(page, 'To do', ['Changed', 'TODO 2']);
    await shows(page, 'Backlog', ['BACKLOG 1']);
    assert.deepEqual((await world.cards('TODO')).map(({ title }) => title), ['Changed', 'TODO 2']);
    // The second attempt is based on the present version.
    await drag(page, 'Changed', 'BACKLOG 1');
    await shows(page, 'Backlog', ['Changed', 'BACKLOG 1']);
    const isMoved = async () => (await world.cards('BACKLOG'))[0].title === 'Changed';
    await eventually(20_000, 'the second attempt', isMoved);
  },

  async 'a card that somebody else moves while it is dragged is shown where they have put it'(stage) {
    const { world } = stage;
    const page = await stage.openBoard(world.user);
    const [todo] = await world.cards('TODO');
    await lift(page, 'TODO 1');
    await world.colleagueDoes('moveCard', { cardId: todo.id, column: 'DONE' }, 'card { id }');
    await dropAt(page, 'BACKLOG 1');
    await notice(page, 'Somebody else has changed “TODO 1” in the meantime.').waitFor();
    await shows(page, 'Done', ['TODO 1']);
    await shows(page, 'To do', ['TODO 2']);
  },

  async 'two people move the same card at the same time, and both see the same at the end'(stage) {
    const { world } = stage;
    const pages = [await stage.openBoard(world.user), await stage.openBoard(world.colleague)];
    await Promise.all([drag(pages[0], 'TODO 1', 'BACKLOG 1'), drag(pages[1], 'TODO 1', 'TODO 2')]);
    await Promise.all(pages.map((page) => page.locator('.card.saving').waitFor({ state: 'detached' })));
    // A later change shows that all earlier ones have arrived.
    await world.colleagueDoes('createCard', { boardId: world.boardId, card: { title: 'Last', column: 'DONE' } }, 'card { id }');
    for (const page of pages) {
      await card(page, 'Last').waitFor();
      for (const [name, of] of [['To do', 'TODO'], ['Backlog', 'BACKLOG']]) {
        await shows(page, name, (await world.cards(of)).slice(0, TODO.length).map(({ title }) => title));
      }
    }
  },

  async 'a card can be dragged in a filtered column'(stage) {
    const page = await stage.openBoard(stage.world.user);
    await page.getByLabel('Search cards').fill('backlog 1');
    await shows(page, 'Backlog', ['BACKLOG 1', 'BACKLOG 10', 'BACKLOG 11']);
    await drag(page, 'BACKLOG 11', 'BACKLOG 10');
    await shows(page, 'Backlog', ['BACKLOG 1', 'BACKLOG 11', 'BACKLOG 10']);
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await shows(page, 'Backlog', ['BACKLOG 1', 'BACKLOG 11', 'BACKLOG 2']);
  },
};
