// A TCP proxy between a client and the server that cuts their connections, or holds answers.

import { connect, createServer } from 'node:net';
import { eventually } from '../chaos/support.mjs';

/** Every payload of a subscription contains this. */
const PAYLOAD = '"boardEvents"';

export class Proxy {
  /** The number of connections so far. */
  connections = 0;
  /** All that clients have sent. */
  sent = '';
  #isRefusing = false;
  /** What is done when the next request that contains `text` arrives. */
  #expected;
  #pairs = new Set();

  constructor(host, port) {
    this.target = { host, port };
    this.server = createServer((client) => this.#join(client));
  }

  async listen() {
    await new Promise((done, fail) => this.server.once('error', fail).listen(0, '127.0.0.1', done));
    return this.server.address().port;
  }

  /** Waits until a payload has come over one of the present connections. */
  async followed() {
    const isFollowed = () => [...this.#pairs].some((pair) => pair.isFollowing);
    await eventually(30_000, 'a payload over a new connection', isFollowed);
  }

  /** Cuts all connections, one of which must be in use. */
  async cut(kind) {
    await this.followed();
    for (const pair of this.#pairs) this.#cut(pair, kind);
    // The next connection fails, too, as if the server was restarting.
    this.#isRefusing = kind === 'reset';
  }

  /** The next request that contains `text` reaches the server, but the connection is cut before the answer arrives. */
  loseAnswerTo(text) {
    const act = (pair) => pair.server.unpipe(pair.client).resume().once('data', () => this.#cut(pair, 'reset'));
    this.#expected = { text, act };
  }

  /** The next request that contains `text` gets this answer, and does not reach the server. */
  answer(text, { status, body }) {
    const type = 'application/graphql-response+json';
    const head = [`HTTP/1.1 ${status}`, `Content-Type: ${type}`, `Content-Length: ${body.length}`, 'Connection: close'];
    const act = ({ server, client }) => {
      server.unpipe(client).destroy();
      client.end([...head, '', body].join('\r\n'));
    };
    this.#expected = { text, act };
  }

  /** The next request that contains `text` reaches the server, but the answer waits until `isTime`, or for ten seconds. */
  holdAnswerTo(text, isTime) {
    const act = async ({ server, client }) => {
      server.unpipe(client);
      await eventually(10_000, `the time to answer ${text}`, isTime).catch(console.error);
      server.pipe(client);
    };
    this.#expected = { text, act };
  }

  /** How often clients have sent `text` since `sent` had the length `from`. */
  count(text, from = 0) {
    return this.sent.slice(from).split(text).length - 1;
  }

  close() {
    this.server.close();
    for (const pair of this.#pairs) this.#cut(pair, 'end');
  }

  #join(client) {
    this.connections += 1;
    if (this.#isRefusing) {
      this.#isRefusing = false;
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.target);
    const pair = { client, server, isFollowing: false };
    this.#pairs.add(pair);
    for (const [socket, other] of [[client, server], [server, client]]) {
      socket.setNoDelay(true).pipe(other);
      socket.on('error', () => {});
      socket.on('close', () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
    server.on('data', (bytes) => (pair.isFollowing ||= bytes.includes(PAYLOAD)));
    client.on('data', (bytes) => this.#note(bytes, pair));
  }

  #note(bytes, pair) {
    this.sent += bytes.toString('latin1');
    if (!this.#expected || !bytes.includes(this.#expected.text)) return;
    const { act } = this.#expected;
    this.#expected = undefined;
    act(pair);
  }

  #cut(pair, kind) {
    this.#pairs.delete(pair);
    if (kind === 'reset') pair.client.resetAndDestroy();
    if (kind === 'end') pair.client.destroy();
    if (kind === 'silence') {
      // Bytes from the client are thrown away, and it is not told that no more will come.
      pair.client.unpipe(pair.server).resume();
      pair.server.removeAllListeners('close').unpipe(pair.client);
      pair.server.destroy();
    }
  }
}
