// A tab of a browser, whose faults are noted.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

export const WAIT_LIMIT = 15_000;

export class Tab {
  /** Errors and warnings in the console (also about the Content-Security-Policy), exceptions, other requests. */
  faults = [];
  /** The texts of the requests that have no complete response. */
  pending = new Map();

  /** Opens the page. The network answers requests for other hosts. */
  static async open(network, browser, page) {
    const tab = new this();
    tab.page = await browser.newPage();
    tab.page.setDefaultTimeout(WAIT_LIMIT);
    tab.#watch(page.origin, network);
    await tab.page.setRequestInterception(true);
    // The page is usable before all of its files have an answer.
    await tab.page.goto(page.href, { waitUntil: 'domcontentloaded' });
    return tab;
  }

  #watch(origin, network) {
    this.page.on('console', (message) => {
      if (!['error', 'warn'].includes(message.type()) || network.excuses(message)) return;
      this.faults.push(`console: ${message.text().slice(0, 300)}`);
    });
    this.page.on('pageerror', (error) => this.faults.push(`exception: ${error}`));
    this.page.on('request', (request) => {
      this.pending.set(request, request.postData());
      this.#answer(request, origin, network).catch((error) => this.faults.push(`${request.url()}: ${error}`));
    });
    for (const end of ['requestfinished', 'requestfailed']) {
      this.page.on(end, (request) => this.pending.delete(request));
    }
  }

  #answer(request, origin, network) {
    const url = new URL(request.url());
    return url.origin === origin || url.protocol === 'data:' ? request.continue() : network.answer(request);
  }

  /** Waits until the function returns something true. It notes the state for the message of a failure. */
  async until(what, check) {
    const end = Date.now() + WAIT_LIMIT;
    for (let last; ; await sleep(50)) {
      assert.deepEqual(this.faults, [], `while waiting until ${what}`);
      if (await check((value) => (last = value))) return;
      assert.ok(Date.now() < end, `not in time: ${what}\nthe last state: ${last}`);
    }
  }

  /** Waits until an element shows the texts. */
  async shows(element, ...texts) {
    await this.page.bringToFront();
    await this.until(`${element} shows ${texts.join(', ')}`, async (note) => {
      const shown = await this.page.$$eval(element, (found) => found.map((one) => one.innerText).join());
      note(shown);
      return texts.every((text) => shown.includes(text));
    });
  }

  /** Replaces the text of an element. */
  async write(element, text) {
    await this.page.bringToFront();
    await this.page.locator(element).click();
    await this.press('a');
    await this.page.keyboard.sendCharacter(text);
  }

  /** Presses Ctrl and a key. */
  async press(key) {
    await this.page.keyboard.down('Control');
    await this.page.keyboard.press(key);
    await this.page.keyboard.up('Control');
  }

  /** Whether a subscription is open. */
  follows() {
    return [...this.pending.values()].some((text) => text?.includes('boardEvents'));
  }

  token() {
    return this.page.$eval('#token', (input) => input.value);
  }
}
