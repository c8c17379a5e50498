// The files of installed packages.

import { readFile } from 'node:fs/promises';

/** The content of a file, whose path is the one on unpkg.com: NAME@VERSION/PATH. */
export function installed(path) {
  return readFile(new URL(`node_modules/${path.replace(/@[^/]+/, '')}`, import.meta.url));
}
