// The files of GraphiQL as the program serves them.

import assert from 'node:assert/strict';
import { installed } from '../../graphiql/installed.mjs';
import { FILES } from '../../graphiql/src/files.js';

export async function checkFiles(page) {
  for (const { path } of FILES) {
    const response = await fetch(new URL(`./graphiql/assets/${path}`, page));
    assert.equal(response.status, 200, path);
    assert.match(response.headers.get('cache-control'), /\bimmutable\b/, path);
    assert.equal(response.headers.get('content-encoding'), 'gzip', path);
    const body = Buffer.from(await response.arrayBuffer());
    assert.ok(body.equals(await installed(path)), `${path} is the installed file`);
  }
}
