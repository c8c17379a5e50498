// haproxy with the configuration of deploy/haproxy.cfg, for two instances on this machine.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { atExit, eventually, temporaryFolder } from './support.mjs';

const FILE = new URL('../../deploy/haproxy.cfg', import.meta.url);

export function freePort() {
  return new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}

/** What has to be different on one machine. `retries 0`: every failure counts. */
function adapted(text, port, instances, socket) {
  const changes = [
    [/bind :80/, `bind 127.0.0.1:${port}`],
    [/ *bind :443.*\n/, ''],
    [/ *http-request redirect.*\n/, ''],
    [/maxconn 20000/, 'maxconn 1000'],
    [/log stdout .*/, `stats socket ${socket}`],
    [/ *log global\n *option httplog\n/, ''],
    [/retries 3/, 'retries 0'],
    [/ *option redispatch\n/, ''],
    [/10\.0\.0\.11:8000/, `127.0.0.1:${instances[0]}`],
    [/10\.0\.0\.12:8000/, `127.0.0.1:${instances[1]}`],
  ];
  return changes.reduce((before, [from, to]) => {
    if (!from.test(before)) throw new Error(`deploy/haproxy.cfg has no ${from}`);
    return before.replace(from, to);
  }, text);
}

/** Starts haproxy in front of the instances on these ports. */
export async function startProxy(instances) {
  const folder = temporaryFolder();
  const [port, socket, file] = [await freePort(), join(folder, 'socket'), join(folder, 'haproxy.cfg')];
  writeFileSync(file, adapted(readFileSync(FILE, 'utf8'), port, instances, socket));
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (text) => String(text).includes('ALERT') && console.error(String(text)));
  atExit(() => child.kill('SIGKILL'));
  const proxy = { url: `http://127.0.0.1:${port}`, socket };
  for (const name of ['a', 'b']) await isUp(proxy, name);
  return proxy;
}

/** Waits until the proxy gives requests to an instance. */
export function isUp({ socket }, name) {
  return eventually(30_000, `the instance ${name} behind haproxy`, async () => {
    const line = (await ask(socket, 'show stat')).split('\n').find((one) => one.startsWith(`kanban,${name},`));
    return line?.split(',')[17] === 'UP';
  });
}

function ask(path, command) {
  return new Promise((done) => {
    let answer = '';
    const socket = connect(path, () => socket.end(`${command}\n`));
    socket.on('data', (data) => (answer += data)).on('close', () => done(answer)).on('error', () => done(''));
  });
}
