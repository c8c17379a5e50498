import assert from 'node:assert/strict';
import { card, chooseFromMenu, notice, openCard, shows } from '../board.mjs';

const MARKDOWN = 'See **this** and ![a picture](https://images.example.com/cat.png) <img src="x"> [bad](javascript:alert(1))';

export const cards = {
  async 'a card gets a text, which the other user sees'(stage) {
    const mine = await stage.openBoard(stage.world.user);
    const theirs = await stage.openBoard(stage.world.colleague);
    const foreign = [];
    mine.on('request', (request) => new URL(request.url()).origin !== stage.origin && foreign.push(request.url()));
    const dialog = await openCard(mine, 'TODO 1');
    await openCard(theirs, 'TODO 1');
    await dialog.getByRole('button', { name: 'Edit title and description' }).click();
    await dialog.getByLabel('Title').fill('Bake bread');
    await dialog.getByLabel('Description').fill(MARKDOWN);
    await dialog.getByRole('button', { name: 'Save' }).click();
    for (const page of [mine, theirs]) {
      const shown = page.getByRole('dialog', { name: 'Bake bread' });
      await shown.locator('strong', { hasText: 'this' }).waitFor();
      assert.equal(await shown.locator('img').count(), 0);
      await shown.getByRole('link', { name: 'a picture' }).waitFor();
      assert.equal(await shown.locator('a[href^=javascript]').count(), 0);
    }
    assert.deepEqual(foreign, [], 'requests to other servers');
  },

  async 'a text that somebody else has changed is not overwritten without a question'(stage) {
    const { world } = stage;
    const page = await stage.openBoard(world.user);
    const dialog = await openCard(page, 'TODO 1');
    await dialog.getByRole('button', { name: 'Edit title and description' }).click();
    await dialog.getByLabel('Description').fill('Mine');
    const [{ id: cardId }] = await world.cards('TODO');
    await world.colleagueDoes('updateCard', { cardId, description: 'Theirs' }, 'card { id }');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('alert').filter({ hasText: 'Theirs' }).waitFor();
    assert.equal(await dialog.getByLabel('Description').inputValue(), 'Mine');
    await dialog.getByRole('button', { name: 'Overwrite' }).click();
    await dialog.locator('.markdown', { hasText: 'Mine' }).waitFor();
  },

  async 'labels are named, set and filter the cards'(stage) {
    const mine = await stage.openBoard(stage.world.user);
    const theirs = await stage.openBoard(stage.world.colleague);
    await chooseFromMenu(mine, 'Board menu', 'Labels');
    await mine.getByLabel('Red').fill('urgent');
    await mine.getByRole('button', { name: 'Save' }).click();
    await theirs.getByRole('button', { name: 'urgent', exact: true }).waitFor();

    const dialog = await openCard(mine, 'TODO 2');
    await dialog.getByRole('checkbox', { name: 'urgent' }).check({ force: true });
    await dialog.getByRole('checkbox', { name: 'Blue' }).check({ force: true });
    await shows(theirs, 'To do', ['TODO 1', 'TODO 2, urgent, Blue']);
    await dialog.getByRole('checkbox', { name: 'Blue' }).uncheck({ force: true });
    await shows(theirs, 'To do', ['TODO 1', 'TODO 2, urgent']);

    await theirs.getByRole('button', { name: 'urgent', exact: true }).click();
    await shows(theirs, 'To do', ['TODO 2, urgent']);
    await shows(theirs, 'Backlog', []);
    await theirs.getByRole('button', { name: 'Clear filter' }).click();
    await shows(theirs, 'To do', ['TODO 1', 'TODO 2, urgent']);
  },

  async 'a search finds descriptions, also those that change'(stage) {
    const { world } = stage;
    const [{ id: todo }] = await world.cards('TODO');
    const backlog = (await world.cards('BACKLOG'))[2].id;
    const describe = (cardId, description) => world.colleagueDoes('updateCard', { cardId, description }, 'card { id }');
    await describe(todo, 'A hidden treasure');
    const page = await stage.openBoard(world.user);
    await page.getByLabel('Search cards').fill(' TREASURE');
    await shows(page, 'To do', ['TODO 1']);
    await shows(page, 'Backlog', []);
    await describe(backlog, 'Another treasure');
    await shows(page, 'Backlog', ['BACKLOG 3']);
    await describe(todo, '');
    await shows(page, 'To do', []);
    await page.getByLabel('Search cards').fill('todo');
    await shows(page, 'To do', ['TODO 1', 'TODO 2']);
    const made = { title: 'Todo of others', column: 'TODO' };
    await world.colleagueDoes('createCard', { boardId: world.boardId, card: made }, 'card { id }');
    await shows(page, 'To do', ['TODO 1', 'TODO 2', 'Todo of others']);
  },

  async 'comments are added, changed and deleted, and the other user sees it'(stage) {
    const mine = await openCard(await stage.openBoard(stage.world.user), 'TODO 1');
    const theirs = await openCard(await stage.openBoard(stage.world.colleague), 'TODO 1');
    const comments = (dialog) => dialog.getByRole('list', { name: 'Comments' }).getByRole('listitem');
    await mine.getByLabel('New comment').fill('With *raisins*?');
    await mine.getByRole('button', { name: 'Add comment' }).click();
    for (const dialog of [mine, theirs]) await comments(dialog).filter({ hasText: 'With raisins?' }).waitFor();
    // Nobody changes what another user has written.
    assert.equal(await comments(theirs).getByRole('button').count(), 0);

    await comments(mine).getByRole('button', { name: 'Edit' }).click();
    await mine.getByLabel('Comment', { exact: true }).fill('With nuts');
    await mine.getByRole('button', { name: 'Save' }).click();
    for (const dialog of [mine, theirs]) await comments(dialog).filter({ hasText: 'With nuts' }).waitFor();
    await mine.getByRole('tab', { name: 'Activity' }).click();
    await mine.getByText('changed a comment on “TODO 1”').waitFor();
    await mine.getByRole('tab', { name: 'Comments' }).click();
    await comments(mine).getByRole('button', { name: 'Delete' }).click();
    for (const dialog of [mine, theirs]) await dialog.getByText('No comments yet.').waitFor();
  },

  async 'a card is created, moved without dragging, deleted and restored'(stage) {
    const page = await stage.openBoard(stage.world.user);
    await page.getByRole('button', { name: 'Add a card to Doing' }).click();
    await page.getByLabel('New card in Doing').fill('Fresh');
    await page.keyboard.press('Enter');
    await shows(page, 'Doing', ['Fresh']);
    await page.keyboard.press('Escape');

    const dialog = await openCard(page, 'Fresh');
    await dialog.getByRole('button', { name: /Column/ }).click();
    await page.getByRole('option', { name: 'Done' }).click();
    await shows(page, 'Done', ['Fresh']);
    await dialog.getByRole('button', { name: 'Delete card' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete card' }).click();
    await shows(page, 'Done', []);

    await chooseFromMenu(page, 'Board menu', 'Trash');
    await page.getByRole('button', { name: 'Restore Fresh' }).click();
    await page.getByText('The trash is empty.').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await shows(page, 'Done', ['Fresh']);
    await chooseFromMenu(page, 'Board menu', 'Activity');
    await page.getByText('restored “Fresh”').waitFor();
    assert.equal(await notice(page, '').count(), 0);
  },
};
