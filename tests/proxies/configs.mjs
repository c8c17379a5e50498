// The configurations of deploy/, with what has to be different on one machine.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (name) => readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');

/** Replaces parts of a file; each must be there. */
function adapted(name, changes) {
  return changes.reduce((before, [from, to]) => {
    if (!(from instanceof RegExp ? from.test(before) : before.includes(from))) throw new Error(`deploy/${name} has no ${from}`);
    return before.replace(from, to);
  }, read(name));
}

/** Each makes the text of a file, and the command that runs it in the foreground. `path` is where kanban is, such as `/kanban`. */
export const proxies = {
  nginx: {
    text: ({ folder, port, kanban, path }) => {
      const server = adapted('nginx.conf', [
        ['server 127.0.0.1:8000', `server 127.0.0.1:${kanban}`],
        [/listen 443.*/, `listen 127.0.0.1:${port};`],
        [/ *ssl_certificate .*\n *ssl_certificate_key .*\n/, ''],
        [/\nserver \{\n *listen 80;[^}]*\}\n/, ''],
        ['location / {', `location ${path}/ {`],
      ]);
      const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder};`).join('\n');
      return `daemon off; pid ${join(folder, 'pid')}; error_log stderr; events {} http { access_log off; ${paths}\n${server} }`;
    },
    command: (file) => ['nginx', ['-c', file]],
  },
  caddy: {
    text: ({ port, kanban, path }) => {
      const site = adapted('Caddyfile', [
        ['127.0.0.1:8000', `127.0.0.1:${kanban}`],
        ['kanban.example.com', `http://:${port}`],
        ['handle {', path ? `handle ${path}/* {` : 'handle {'],
      ]);
      return `{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\n${site}`;
    },
    command: (file) => ['caddy', ['run', '--adapter', 'caddyfile', '--config', file]],
  },
  haproxy: {
    text: ({ port, kanban }) =>
      adapted('haproxy.cfg', [
        ['maxconn 20000', 'maxconn 1000'],
        [/ *log stdout .*\n/, ''],
        [/ *log global\n *option httplog\n/, ''],
        ['bind :80', `bind 127.0.0.1:${port}`],
        [/ *bind :443.*\n/, ''],
        [/ *http-request redirect.*\n/, ''],
        ['10.0.0.11:8000', `127.0.0.1:${kanban}`],
        [/ *server b .*\n/, ''],
      ]),
    command: (file) => ['haproxy', ['-db', '-f', file]],
  },
};
