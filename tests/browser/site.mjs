import { resolve } from 'node:path';
import { Api, atExit } from '../chaos/support.mjs';
import { start } from '../conformance/server.mjs';

const SECRET = 'browser'.repeat(5);
const REQUEST_LIMIT = 30_000;
const SETTINGS = { JWT_SECRET: SECRET, ARGON2_MEMORY_KIB: '8', RATE_LIMIT: 'off' };

/** A server with its database. */
export class Site {
  secret = SECRET;

  static async start(program, database) {
    const site = new Site();
    Object.assign(site, { program: resolve(program), database });
    await site.restart();
    atExit(() => site.stop());
    return site;
  }

  /** Starts the server, if need be on another port. The data stays. */
  async restart() {
    this.server = await start(this.program, { ...SETTINGS, DATABASE_URL: this.database.url });
    this.api = new Api(new URL(this.server.url).origin, REQUEST_LIMIT);
  }

  stop() {
    this.server.stop();
  }
}
