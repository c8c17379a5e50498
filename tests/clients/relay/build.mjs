// Compiles the documents in this folder, and replaces them by what the compiler wrote. In an application, the plugin of
// Relay for your bundler does the second part.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const DOCUMENT = /graphql`\s*(?:query|mutation|subscription|fragment) (\w+)[^`]*`/g;

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Fills the folder `build`. */
export function buildRelay() {
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
