// A TCP proxy between the server and PostgreSQL that fails in the ways in which a network fails.

import { connect, createServer } from 'node:net';

export class Proxy {
  /** The kind of the present failure. */
  #failure;
  #pairs = new Set();
  #listener;
  #target;

  constructor(host, port) {
    this.#target = { host, port, allowHalfOpen: true };
  }

  async listen(port = 0) {
    this.#listener = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
    await new Promise((done, fail) => this.#listener.once('error', fail).listen(port, '127.0.0.1', done));
    this.port = this.#listener.address().port;
  }

  cut(kind) {
    this.#failure = kind;
    if (kind === 'drop') this.#listener.close();
    for (const pair of this.#pairs) this.#fail(pair);
  }

  /** Connections that were half-open stay silent for ever. */
  async restore() {
    const was = this.#failure;
    this.#failure = undefined;
    if (was === 'drop') await this.listen(this.port);
    for (const pair of this.#pairs) if (!pair.isDead) join(pair);
  }

  /** Closes the connections that were half-open, as PostgreSQL and the server do when their keepalives fail. */
  bury() {
    for (const pair of this.#pairs) if (pair.isDead) close(pair);
  }

  close() {
    this.#listener.close();
    this.#pairs.forEach(close);
  }

  #accept(client) {
    if (this.#failure === 'reset') return client.resetAndDestroy();
    const pair = { client, database: connect(this.#target), isDead: false };
    this.#pairs.add(pair);
    for (const [socket, other] of ends(pair)) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        if (!pair.isDead) other.destroy();
        if (client.destroyed && pair.database.destroyed) this.#pairs.delete(pair);
      });
    }
    if (this.#failure) this.#fail(pair);
    else join(pair);
  }

  #fail(pair) {
    if (this.#failure === 'drop') close(pair);
    if (this.#failure === 'reset') for (const [socket] of ends(pair)) socket.resetAndDestroy();
    if (this.#failure === 'freeze') for (const [socket, other] of ends(pair)) socket.unpipe(other).pause();
    if (this.#failure === 'half-open') {
      pair.isDead = true;
      // Bytes are read and thrown away, and the end of one side is not told to the other.
      for (const [socket, other] of ends(pair)) socket.unpipe(other).resume();
    }
  }
}

const ends = ({ client, database }) => [[client, database], [database, client]];

function join(pair) {
  for (const [socket, other] of ends(pair)) socket.pipe(other);
}

function close(pair) {
  for (const [socket] of ends(pair)) socket.destroy();
}
