// Copies GraphiQL from node_modules to dist, from where the binary takes it.
//
// Usage: npm ci --prefix graphiql && npm run build --prefix graphiql

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { FILES } from './src/files.js';
import { installed } from './installed.mjs';

const DIST = new URL('dist/', import.meta.url);

/** Reads a file, and checks that it is the one that the page expects. */
async function checked({ path, integrity }) {
  const content = await installed(path);
  const hash = createHash('sha384').update(content).digest('base64');
  assert.equal(`sha384-${hash}`, integrity, path);
  return { path, content };
}

const files = await Promise.all(FILES.map(checked));
await mkdir(DIST, { recursive: true });
for (const name of await readdir(DIST)) {
  if (name !== '.gitignore') await rm(new URL(name, DIST), { recursive: true });
}
for (const { path, content } of files) {
  const target = new URL(path, DIST);
  await mkdir(new URL('.', target), { recursive: true });
  await writeFile(target, content);
}
console.log(`${files.length} files in ${fileURLToPath(DIST)}`);
