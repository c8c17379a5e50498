// Compiles the documents in a folder, and replaces them by what the compiler wrote. In an application, the plugin of
// Relay for your bundler does the second part.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const DOCUMENT = /graphql`\s*(?:query|mutation|subscription|fragment) (\w+)[^`]*`/g;

/** Fills the folder `build` in a folder with a `relay.config.json`. */
export function buildRelay(folder) {
  const at = (path) => join(folder, path);
  rmSync(at('build'), { recursive: true, force: true });
  mkdirSync(at('build/__generated__'), { recursive: true });
  const compiler = createRequire(import.meta.url)('relay-compiler');
  execFileSync(compiler, ['relay.config.json', '--output', 'quiet-with-errors'], { cwd: at('.'), stdio: 'inherit' });
  writeFileSync(at('build/__generated__/package.json'), '{"type": "commonjs"}\n');
  for (const name of readdirSync(at('.')).filter((file) => file.endsWith('.js'))) {
    writeFileSync(at(`build/${name}`), withArtifacts(readFileSync(at(name), 'utf8')));
  }
}

function withArtifacts(source) {
  const names = [...source.matchAll(DOCUMENT)].map(([, name]) => name);
  const imports = names.map((name) => `import $${name} from './__generated__/${name}.graphql.js';\n`);
  return imports.join('') + source.replace(DOCUMENT, (_, name) => `$${name}`);
}
