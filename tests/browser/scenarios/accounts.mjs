import { notice } from '../board.mjs';

export const accounts = {
  async 'a new user signs up, makes a board, logs out and logs in'(stage) {
    const page = await stage.open(undefined, '/');
    await page.getByRole('link', { name: 'Sign up' }).click();
    await page.getByLabel('Name').fill('Dana Smith');
    await page.getByLabel('E-mail address').fill('dana@example.com');
    await page.getByLabel('Password').fill('correct horse');
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.getByText('You have no boards yet.').waitFor();
    await page.getByRole('button', { name: 'New board' }).click();
    await page.getByLabel('Title').fill('First board');
    await page.getByRole('button', { name: 'Create board' }).click();
    await page.getByRole('region', { name: 'To do' }).waitFor();
    await page.getByRole('heading', { name: 'First board' }).waitFor();

    await page.getByRole('button', { name: 'Account of Dana Smith' }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
    await page.getByLabel('E-mail address').fill('dana@example.com');
    await page.getByLabel('Password').fill('wrong horse');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').filter({ hasText: 'The e-mail address or the password is wrong.' }).waitFor();
    await page.getByLabel('Password').fill('correct horse');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('link', { name: 'First board' }).waitFor();
    await notice(page, '').first().waitFor({ state: 'detached' });
  },

  async 'a forgotten password is replaced'(stage) {
    const { email } = stage.world.user;
    const page = await stage.open(undefined, '/');
    await page.getByRole('link', { name: 'Forgot the password?' }).click();
    await page.getByLabel('E-mail address').fill(email);
    await page.getByRole('button', { name: 'Send a mail' }).click();
    await page.getByRole('status').filter({ hasText: 'a mail is on its way' }).waitFor();

    await page.goto(stage.origin + (await stage.site.mailbox.path(email, 'reset-password')));
    await page.getByLabel('Password').fill('another horse');
    if (page.url().includes('token')) throw new Error(`the token is in the address: ${page.url()}`);
    await page.getByRole('button', { name: 'Set the password' }).click();
    await page.getByRole('heading', { name: 'My boards' }).waitFor();

    const late = await stage.open(undefined, '/reset-password#token=mt_wrong');
    await late.getByLabel('Password').fill('another horse');
    await late.getByRole('button', { name: 'Set the password' }).click();
    await late.getByRole('alert').filter({ hasText: 'The token is invalid or expired' }).waitFor();
  },

  async 'an address is verified by a link'(stage) {
    const email = `verify-${stage.world.user.email}`;
    const page = await stage.open(undefined, '/sign-up');
    await page.getByLabel('E-mail address').fill(email);
    await page.getByLabel('Password').fill('correct horse');
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.getByText('You have no boards yet.').waitFor();
    await page.goto(stage.origin + (await stage.site.mailbox.path(email, 'verify-email')));
    await page.getByRole('status').filter({ hasText: 'is verified' }).waitFor();
    await page.getByRole('link', { name: 'My boards' }).click();
    await page.getByText('You have no boards yet.').waitFor();
  },

  async 'a rule that is broken is shown beside the field'(stage) {
    const page = await stage.open(undefined, '/sign-up');
    await page.getByLabel('E-mail address').fill(stage.world.user.email);
    await page.getByLabel('Password').fill('correct horse');
    await page.getByRole('button', { name: 'Sign up' }).click();
    const field = page.getByLabel('E-mail address');
    await page.locator('input[name=email][data-invalid]').waitFor();
    await field.evaluate((input) => {
      const text = document.getElementById(input.getAttribute('aria-describedby').split(' ').at(-1))?.textContent;
      if (!text) throw new Error('no text of the error');
    });
  },
};
