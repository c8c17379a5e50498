import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { card, chooseFromMenu, openCard, PHONE } from '../board.mjs';

/** Axe must find nothing serious. Fading dialogs are waited for: their colours are not the final ones. */
async function check(page, what) {
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  const text = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`).join('\n');
  assert.equal(text, '', what);
}

async function checkDialogs(page) {
  await openCard(page, 'TODO 1');
  await check(page, 'card');
  await page.getByRole('button', { name: 'Edit title and description' }).click();
  await check(page, 'form of the card');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Share' }).click();
  await page.getByRole('dialog').getByRole('listitem').first().waitFor();
  await check(page, 'members');
  await page.keyboard.press('Escape');
  for (const name of ['Activity', 'Labels', 'Trash']) {
    await chooseFromMenu(page, 'Board menu', name);
    await page.getByRole('dialog', { name }).waitFor();
    await check(page, name);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }
}

const checkAll = (options) => async (stage) => {
  const { world } = stage;
  const guest = await stage.open(undefined, '/', options);
  await guest.getByRole('heading', { name: 'Log in' }).waitFor();
  await check(guest, 'log-in');
  await guest.getByRole('link', { name: 'Sign up' }).click();
  await check(guest, 'sign-up');
  const [first] = await world.cards('TODO');
  await world.colleagueDoes('addLabelsToCard', { cardId: first.id, labels: ['RED', 'ORANGE', 'YELLOW', 'GREEN', 'BLUE', 'PURPLE', 'GRAY'] }, 'card { id }');
  await world.colleagueDoes('addComment', { cardId: first.id, body: '- [x] `done`\n\n> [link](https://example.com)' }, 'comment { id }');
  const page = await stage.open(world.user, '/', options);
  await page.getByRole('link', { name: world.title }).waitFor();
  await check(page, 'boards');
  await page.getByRole('button', { name: 'New board' }).click();
  await check(page, 'new board');
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: world.title }).click();
  await card(page, 'TODO 1').waitFor();
  await check(page, 'board');
  await checkDialogs(page);
};

export const looks = {
  'axe finds nothing serious': checkAll({}),
  'axe finds nothing serious in the dark': checkAll({ colorScheme: 'dark' }),
  'axe finds nothing serious on a phone': checkAll(PHONE),

  async 'everything can be reached on a phone'(stage) {
    const page = await stage.openBoard(stage.world.user, PHONE);
    const last = page.getByRole('region', { name: 'Done' });
    await last.scrollIntoViewIfNeeded();
    const { x, width } = await last.boundingBox();
    assert.ok(x >= 0 && x + width <= PHONE.viewport.width, 'the last column is in sight');
    for (const name of ['Share', 'Board menu', 'Account of', 'Add a card to Done']) {
      await page.getByRole('button', { name }).click({ trial: true });
    }
    const dialog = await openCard(page, 'TODO 1');
    const box = await dialog.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= PHONE.viewport.width, 'the dialog is in sight');
  },
};
