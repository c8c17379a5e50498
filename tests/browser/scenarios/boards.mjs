import { mutate } from '../../clients/accounts.mjs';
import { chooseFromMenu } from '../board.mjs';

const board = (page, title) => page.getByRole('list', { name: 'Boards' }).getByRole('link', { name: title, exact: true });

export const boards = {
  async 'boards are created, renamed, deleted, restored and filtered'(stage) {
    const page = await stage.open(stage.world.user, '/');
    await page.getByRole('button', { name: 'New board' }).click();
    await page.getByLabel('Title').fill('Garden');
    await page.getByRole('button', { name: 'Create board' }).click();
    await page.getByRole('heading', { name: 'Garden' }).waitFor();
    await page.getByRole('link', { name: 'My boards' }).click();

    await chooseFromMenu(page, 'Actions for Garden', 'Rename…');
    await page.getByLabel('Title').fill('Kitchen');
    await page.getByRole('button', { name: 'Save' }).click();
    await board(page, 'Kitchen').waitFor();

    await page.getByLabel('Filter boards').fill('KITCH');
    await board(page, stage.world.title).waitFor({ state: 'detached' });
    await page.getByLabel('Filter boards').fill('');
    await board(page, stage.world.title).waitFor();

    await chooseFromMenu(page, 'Actions for Kitchen', 'Delete…');
    await page.getByRole('button', { name: 'Delete board' }).click();
    await board(page, 'Kitchen').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Trash' }).click();
    await page.getByRole('button', { name: 'Restore Kitchen' }).click();
    await page.getByText('The trash is empty.').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await board(page, 'Kitchen').waitFor();
  },

  async 'the list of boards is live'(stage) {
    const { world } = stage;
    const page = await stage.open(world.colleague, '/');
    await board(page, world.title).waitFor();
    const { board: made } = await mutate(world.api, world.user, 'createBoard', { title: 'Surprise' }, 'board { id }');
    const member = { boardId: made.id, userId: world.colleague.id };
    await mutate(world.api, world.user, 'shareBoard', member, 'board { id }');
    await board(page, 'Surprise').waitFor();
    await mutate(world.api, world.user, 'updateBoard', { boardId: made.id, title: 'No surprise' }, 'board { id }');
    await board(page, 'No surprise').waitFor();
    await mutate(world.api, world.user, 'unshareBoard', member, 'board { id }');
    await board(page, 'No surprise').waitFor({ state: 'detached' });
    await board(page, world.title).waitFor();
  },
};
