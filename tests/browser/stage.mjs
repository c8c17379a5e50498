import { World } from '../clients/world.mjs';

/** Chromium writes these when a test cuts a connection. */
const EXPECTED = /WebSocket connection to|Failed to load resource: net::|status of 401/;
const DESKTOP = { width: 1280, height: 800 };

let stages = 0;

/** A board with cards, its users, and their browsers. The way to the server is a proxy that can cut connections. */
export class Stage {
  #contexts = [];
  /** The errors and warnings on the consoles of the browsers. */
  problems = [];

  static async make(browser, site) {
    const stage = new Stage();
    const world = await World.make(site.api, site.secret, `stage${(stages += 1)}`);
    Object.assign(stage, { browser, site, world, origin: new URL(world.url).origin });
    return stage;
  }

  /** A browser of its own. It is logged in if `user` is given. */
  async context(user, { socket, ...options } = {}) {
    const storageState = user && loggedIn(user, this.origin);
    const context = await this.browser.newContext({ viewport: DESKTOP, storageState, ...options });
    context.setDefaultTimeout(20_000);
    this.#contexts.push(context);
    if (socket) await context.routeWebSocket(/\/graphql$/, socket.route);
    context.on('console', (message) => {
      const isBad = ['error', 'warning'].includes(message.type()) && !EXPECTED.test(message.text());
      if (isBad) this.problems.push(`${message.type()} at ${message.location().url}: ${message.text()}`);
    });
    // What is thrown need not be an error, and has no stack then.
    context.on('weberror', (error) => this.problems.push(`not caught: ${error.error().stack || error.error()}`));
    return context;
  }

  async open(user, path = `/boards/${this.world.boardId}`, options = {}) {
    const page = await (await this.context(user, options)).newPage();
    await page.goto(this.origin + path);
    return page;
  }

  /** The board in a browser, when it is shown and followed. */
  async openBoard(user, options) {
    const page = await this.open(user, undefined, options);
    await page.locator('.board-page[aria-busy=false]').waitFor();
    return page;
  }

  /** A socket that can be muted: then nothing arrives from the server. */
  mutable() {
    let isMuted = false;
    return {
      mute: () => (isMuted = true),
      route: (page) => {
        const server = page.connectToServer();
        server.onMessage((message) => isMuted || page.send(message));
      },
    };
  }

  checkConsoles() {
    if (this.problems.length > 0) throw new Error('there are errors on the console');
  }

  async close() {
    await Promise.all(this.#contexts.map((context) => context.close()));
    this.world.proxy.close();
  }
}

/** The storage of a browser in which a user is logged in: what src/api/session.ts keeps. */
export function loggedIn({ id, tokens }, origin) {
  const { accessToken, refreshToken } = tokens;
  const value = JSON.stringify({ userId: id, accessToken, refreshToken });
  return { cookies: [], origins: [{ origin, localStorage: [{ name: 'kanban-session', value }] }] };
}
