import assert from 'node:assert/strict';
import { account, mutate } from '../../clients/accounts.mjs';
import { card, notice, openCard } from '../board.mjs';

const EDITING = /Add a card|Edit|Delete|Share|Remove|Add comment/;

export const members = {
  async 'a board is shared, roles change, and a member is removed'(stage) {
    const { world } = stage;
    const { email } = await account(world.api, 'eve.of.members');
    const page = await stage.openBoard(world.user);
    await page.getByRole('button', { name: 'Share' }).click();
    const dialog = page.getByRole('dialog', { name: 'Members' });
    await dialog.getByLabel('E-mail address').fill('nobody@example.com');
    await dialog.getByRole('button', { name: 'Share' }).click();
    await notice(page, 'Nobody has the address nobody@example.com.').waitFor();
    await dialog.getByLabel('E-mail address').fill(email);
    await dialog.getByRole('button', { name: 'Share' }).click();
    const eve = dialog.getByRole('listitem').filter({ hasText: email });
    await eve.getByRole('button', { name: /Member/ }).click();
    await page.getByRole('option', { name: 'Viewer' }).click();
    await eve.getByRole('button', { name: /Viewer/ }).waitFor();
    await eve.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
    await eve.waitFor({ state: 'detached' });
  },

  async 'a user who becomes a VIEWER loses the controls at once'(stage) {
    const { world } = stage;
    const page = await stage.openBoard(world.colleague);
    await page.getByRole('button', { name: 'Add a card to Done' }).waitFor();
    await mutate(world.api, world.user, 'shareBoard', { boardId: world.boardId, userId: world.colleague.id, role: 'VIEWER' }, 'board { id }');
    await page.getByText('View only').waitFor();
    assert.equal(await page.getByRole('button', { name: EDITING }).count(), 0);
    const dialog = await openCard(page, 'TODO 1');
    await dialog.getByText('No description.').waitFor();
    assert.equal(await dialog.getByRole('button', { name: EDITING }).count(), 0);
    assert.equal(await dialog.getByRole('checkbox').count(), 0);
    await page.keyboard.press('Escape');
    // The space bar lifts nothing.
    await card(page, 'TODO 1').focus();
    await page.keyboard.press('Space');
    assert.equal(await page.locator('.card.dragging').count(), 0);
  },

  async 'the board of a removed member closes with a message'(stage) {
    const { world } = stage;
    const page = await stage.openBoard(world.colleague);
    await mutate(world.api, world.user, 'unshareBoard', { boardId: world.boardId, userId: world.colleague.id }, 'board { id }');
    await page.getByText('has removed you from this board.').waitFor();
    await page.getByRole('link', { name: 'My boards' }).click();
    await page.getByText('You have no boards yet.').waitFor();
  },

  async 'a deleted board closes with a message'(stage) {
    const { world } = stage;
    const page = await stage.openBoard(world.colleague);
    await mutate(world.api, world.user, 'deleteBoard', { boardId: world.boardId }, 'deletedBoardId');
    await page.getByText('has deleted this board.').waitFor();
  },

  async 'a member leaves a board'(stage) {
    const page = await stage.openBoard(stage.world.colleague);
    await page.getByRole('button', { name: 'Members' }).click();
    await page.getByRole('button', { name: 'Leave the board' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Leave' }).click();
    await page.getByText('You have no boards yet.').waitFor();
  },
};
