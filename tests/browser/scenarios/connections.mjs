import assert from 'node:assert/strict';
import { sqliteDatabase } from '../../chaos/databases.mjs';
import { eventually } from '../../chaos/support.mjs';
import { card, chooseFromMenu, drag, openCard, shows } from '../board.mjs';
import { Site } from '../site.mjs';
import { Stage } from '../stage.mjs';

const banner = (page) => page.getByRole('status', { name: 'Connection' });

const addCard = async (page, title) => {
  await page.getByRole('button', { name: 'Add a card to Done' }).click();
  await page.getByLabel('New card in Done').fill(title);
  await page.keyboard.press('Enter');
};

/** For tests that need other settings or stop the server. */
async function withOwnServer(browser, site, settings, test) {
  const own = await Site.start(site.program, sqliteDatabase(), settings);
  const stage = await Stage.make(browser, own);
  try {
    await test(stage, own);
    stage.checkConsoles();
  } finally {
    await stage.close();
    own.stop();
  }
}

export const connections = {
  async 'a change during a lost connection arrives when it is back'(stage) {
    const { world } = stage;
    const page = await stage.openBoard(world.user);
    for (const kind of ['reset', 'end']) {
      await world.proxy.cut(kind);
      const title = `While the connection was cut by ${kind}`;
      await world.colleagueDoes('createCard', { boardId: world.boardId, card: { title, column: 'DONE' } }, 'card { id }');
      await card(page, title).waitFor();
      await banner(page).waitFor({ state: 'hidden' });
    }
  },

  async 'a silent connection is noticed'(stage) {
    const { world } = stage;
    const page = await stage.openBoard(world.user);
    await world.proxy.cut('silence');
    const title = 'Said into the silence';
    await world.colleagueDoes('createCard', { boardId: world.boardId, card: { title, column: 'DONE' } }, 'card { id }');
    await card(page, title).waitFor({ timeout: 45_000 });
  },

  async 'a restart of the server is shown and survived'({ browser, site }) {
    await withOwnServer(browser, site, {}, async (stage, own) => {
      const { world } = stage;
      const page = await stage.openBoard(world.user);
      own.stop();
      await banner(page).filter({ hasText: 'The connection is lost.' }).waitFor();
      // Written while the server is away: it is sent again until there is an answer.
      await addCard(page, 'Patience');
      await own.restart();
      Object.assign(world, { api: own.api });
      Object.assign(world.proxy.target, { port: new URL(own.server.url).port });
      await card(page, 'Patience').waitFor();
      await banner(page).waitFor({ state: 'hidden' });
      await world.colleagueDoes('createCard', { boardId: world.boardId, card: { title: 'After', column: 'DONE' } }, 'card { id }');
      await card(page, 'After').waitFor();
      assert.deepEqual((await world.cards('DONE')).map(({ title }) => title), ['Patience', 'After']);
    });
  },

  async 'the pages work below a path'({ browser, site }) {
    await withOwnServer(browser, site, { BASE_PATH: '/some/path' }, async (stage) => {
      const page = await stage.open(stage.world.user, '/some/path/');
      await page.getByRole('link', { name: stage.world.title }).click();
      await page.locator('.board-page[aria-busy=false]').waitFor();
      const dialog = await openCard(page, 'TODO 1');
      const path = `/some/path/boards/${stage.world.boardId}/cards/`;
      assert.ok(new URL(page.url()).pathname.startsWith(path), page.url());
      await page.reload();
      await dialog.waitFor();
      await dialog.getByRole('button', { name: 'Close' }).click();
      await drag(page, 'TODO 2', 'TODO 1');
      await shows(page, 'To do', ['TODO 2', 'TODO 1']);
    });
  },

  async 'a dialog that a deployment has replaced asks for a reload'(stage) {
    const page = await stage.openBoard(stage.world.user);
    await page.route('**/assets/*.js', (route) => route.abort());
    await card(page, 'TODO 1').click();
    const question = page.getByRole('alertdialog', { name: 'Reload the page' });
    await question.getByRole('button', { name: 'Cancel' }).click();
    await question.waitFor({ state: 'detached' });
    await card(page, 'TODO 1').click();
    await page.unroute('**/assets/*.js');
    await question.getByRole('button', { name: 'Reload' }).click();
    await page.getByRole('dialog', { name: 'TODO 1' }).waitFor();
  },

  async 'a card whose answer is lost is created once'(stage) {
    const { world } = stage;
    const page = await stage.openBoard(world.user);
    const title = 'Sent twice';
    const sent = [];
    // The server creates the card, but the first answer is lost. (If the proxy cut the connection, Chromium itself
    // would send the request again.)
    await page.route('**/graphql', async (route) => {
      const { variables } = route.request().postDataJSON();
      if (variables?.input?.card?.title !== title) return route.continue();
      sent.push(variables.input.clientMutationId);
      if (sent.length > 1) return route.continue();
      await route.fetch();
      return route.abort('connectionreset');
    });
    await addCard(page, title);
    await eventually(20_000, 'a second request', () => sent.length === 2);
    await card(page, title).waitFor();
    assert.equal((await world.cards('DONE')).length, 1);
    assert.equal(sent[0], sent[1], 'IDs of the mutation');
  },

  async 'a browser without a network says so'(stage) {
    const page = await stage.openBoard(stage.world.user);
    await page.context().setOffline(true);
    await banner(page).filter({ hasText: 'You are offline.' }).waitFor();
    await page.context().setOffline(false);
    await banner(page).waitFor({ state: 'hidden' });
  },

  async 'a log-out while the connection is lost shows no error'(stage) {
    const { world } = stage;
    const page = await stage.openBoard(world.user);
    // The page waits for minutes before it connects again, or until the browser is online.
    await page.evaluate(() => Object.assign(Math, { random: () => 1000 }));
    await world.proxy.cut('reset');
    await banner(page).filter({ hasText: 'The connection is lost.' }).waitFor();
    await chooseFromMenu(page, /^Account of/, 'Log out');
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await page.evaluate(() => new Promise((done) => setTimeout(done)));
  },

  async 'all pages of a board with 450 cards are shown'(stage) {
    const { world } = stage;
    for (const part of [1, 2, 3, 4]) {
      const cards = Array.from({ length: 100 }, (_, at) => ({ title: `Card ${part}.${at}`, column: 'DONE' }));
      await world.colleagueDoes('createCards', { boardId: world.boardId, cards }, 'cards { id }');
    }
    const page = await stage.openBoard(world.user);
    await page.getByRole('heading', { name: 'Done 400' }).waitFor();
    await page.getByRole('heading', { name: 'Backlog 45' }).waitFor();
    // Only a few of them have elements.
    assert.ok((await page.locator('.card').count()) < 120, 'elements of cards');
    // A search changes nothing in the list of all cards.
    const answer = page.waitForResponse((response) => response.request().postData()?.includes('SearchCards'));
    await page.getByLabel('Search cards').fill('card 4.99');
    await card(page, 'Card 4.99').waitFor();
    await answer;
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await page.getByRole('heading', { name: 'Done 400' }).waitFor();
  },
};
