import assert from 'node:assert/strict';
import { eventually } from '../../chaos/support.mjs';
import { endingIn, mutate } from '../../clients/accounts.mjs';
import { card } from '../board.mjs';

/** The user with an access token that ends in some seconds, of which the page does not know. */
const withTokenFor = (seconds, { secret, user }) => ({
  ...user,
  tokens: { ...user.tokens, accessToken: endingIn(seconds, user.tokens.accessToken, secret) },
});

const REFRESH = 'refreshSession(';

export const sessions = {
  async 'two tabs refresh an expired session once and show no error'(stage) {
    const { world } = stage;
    const context = await stage.context(withTokenFor(-60, world));
    const tabs = [await context.newPage(), await context.newPage()];
    await Promise.all(tabs.map((tab) => tab.goto(`${stage.origin}/boards/${world.boardId}`)));
    for (const tab of tabs) await card(tab, 'TODO 1').waitFor();
    assert.equal(world.proxy.count(REFRESH), 1, 'refreshes');
  },

  async 'a request that is refused late does not refresh the session again'(stage) {
    const { world } = stage;
    const isBoardSentAgain = () => world.proxy.sent.split(REFRESH)[1]?.includes('query Board');
    world.proxy.holdAnswerTo('query Viewer', isBoardSentAgain);
    const page = await stage.open(withTokenFor(-60, world));
    await card(page, 'TODO 1').waitFor();
    await page.getByRole('button', { name: /^Account of/ }).waitFor();
    assert.equal(world.proxy.count(REFRESH), 1, 'refreshes');
  },

  async 'a socket whose token ends goes on with a new one'(stage) {
    const { world } = stage;
    const page = await stage.openBoard(withTokenFor(3, world));
    await eventually(30_000, 'a refresh', () => world.proxy.count(REFRESH) > 0);
    const title = 'After the refresh';
    await world.colleagueDoes('createCard', { boardId: world.boardId, card: { title, column: 'DONE' } }, 'card { id }');
    await card(page, title).waitFor();
    assert.equal(world.proxy.count(REFRESH), 1, 'refreshes');
    assert.equal(await page.locator('.notice').count(), 0);
  },

  async 'an ended session leads to the log-in and back to the board'(stage) {
    const { world } = stage;
    const { user, api } = world;
    const page = await stage.openBoard(user);
    const answer = await api.send('mutation { logOut { revokedSessionId } }', {}, user.tokens.accessToken);
    assert.ok(answer.data.logOut);
    await page.getByText('Your session has ended.').waitFor();
    await page.getByLabel('E-mail address').fill(user.email);
    await page.getByLabel('Password').fill(user.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await card(page, 'TODO 1').waitFor();
    assert.ok(page.url().endsWith(`/boards/${world.boardId}`));
  },

  async 'a log-out ends the session in all tabs'(stage) {
    const { world } = stage;
    const context = await stage.context(world.user);
    const tabs = [await context.newPage(), await context.newPage()];
    for (const tab of tabs) {
      await tab.goto(`${stage.origin}/boards/${world.boardId}`);
      await card(tab, 'TODO 1').waitFor();
    }
    await tabs[0].getByRole('button', { name: /^Account of/ }).click();
    await tabs[0].getByRole('menuitem', { name: 'Log out' }).click();
    for (const tab of tabs) await tab.getByRole('heading', { name: 'Log in' }).waitFor();
    assert.equal(await tabs[0].getByText('Your session has ended.').count(), 0);
    const { errors } = await world.api.send('{ viewer { id } }', {}, world.user.tokens.accessToken);
    assert.equal(errors[0].extensions.code, 'UNAUTHENTICATED');
  },

  async 'a board that the user may not see is not found'(stage) {
    const { world } = stage;
    const { board } = await mutate(world.api, world.colleague, 'createBoard', { title: 'Secret' }, 'board { id }');
    const page = await stage.open(world.user, `/boards/${board.id}`);
    await page.getByRole('heading', { name: 'There is no such board' }).waitFor();
  },
};
