// Serves examples/web/dist at the origin of the API.

import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../examples/web/dist', import.meta.url));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

/** What the server sends with the pages. */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'self'",
].join('; ');

if (!existsSync(join(DIST, 'index.html'))) throw new Error('run this first: npm run build --prefix examples/web');

/** Answers all requests of the context but those to the API. Addresses without a file get index.html. */
export async function servePages(context) {
  await context.route(
    ({ pathname }) => pathname !== '/graphql',
    (route) => {
      const { pathname } = new URL(route.request().url());
      const file = extname(pathname) ? join(DIST, pathname) : join(DIST, 'index.html');
      if (!existsSync(file)) return route.fulfill({ status: 404 });
      const headers = { 'content-type': TYPES[extname(file)], 'content-security-policy': CSP };
      return route.fulfill({ body: readFileSync(file), headers });
    },
  );
}
