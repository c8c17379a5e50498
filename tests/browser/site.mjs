import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Api, atExit } from '../chaos/support.mjs';
import { start } from '../conformance/server.mjs';
import { Mailbox } from './mailbox.mjs';

const SECRET = 'browser'.repeat(5);
const REQUEST_LIMIT = 30_000;
const STATIC_DIR = fileURLToPath(new URL('../../examples/web/dist', import.meta.url));
const SETTINGS = { JWT_SECRET: SECRET, ARGON2_MEMORY_KIB: '8', RATE_LIMIT: 'off', STATIC_DIR };

/** A server with the pages of the example, and its database. */
export class Site {
  secret = SECRET;

  static async start(program, database, settings = {}) {
    const site = new Site();
    const mailbox = await Mailbox.start();
    // Each test has an address of its own, so that only the path of a link counts.
    const mail = { SMTP_URL: mailbox.url, PUBLIC_URL: 'http://127.0.0.1' };
    Object.assign(site, { program: resolve(program), database, mailbox, settings: { ...mail, ...settings } });
    await site.restart();
    atExit(() => site.stop());
    return site;
  }

  /** Starts the server, if need be on another port. The data stays. */
  async restart() {
    this.server = await start(this.program, { ...SETTINGS, ...this.settings, DATABASE_URL: this.database.url });
    this.api = new Api(new URL(this.server.url).origin, REQUEST_LIMIT);
  }

  stop() {
    this.server.stop();
  }
}
