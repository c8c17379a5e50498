// Subscribers of a board that connect again after every end, and resume with the latest event that they know.

import { createRequire } from 'node:module';
import { sleep } from './support.mjs';

const WebSocket = createRequire(new URL('../clients/package.json', import.meta.url))('ws');

const QUERY = `subscription($b: ID!, $after: Int) {
  boardEvents(boardId: $b, afterSequence: $after) { sequence reset events { sequence } }
}`;

const PAUSE = 100;

class Follower {
  constructor({ board, token, anyUrl }) {
    Object.assign(this, { board, token, anyUrl });
    Object.assign(this, { sequence: 0, applied: 0, skipped: 0, resets: 0, connections: 0, faults: [], isStopped: false });
  }

  /** Follows the board until `stop`. */
  async run() {
    while (!this.isStopped) {
      this.connections += 1;
      await this.connect(this.anyUrl()).catch(() => {}); // The instance was killed, or the connection was cut.
      await sleep(PAUSE);
    }
  }

  stop() {
    this.isStopped = true;
    this.cut();
  }

  request() {
    // Now and then with an old sequence number, as clients do that send the same variables again.
    const after = Math.random() < 0.3 ? Math.max(0, this.sequence - 20) : this.sequence;
    return { query: QUERY, variables: { b: this.board, after } };
  }

  /** Applies a payload; `twice` applies events again, to show that the check fails. */
  apply({ sequence, reset, events }, twice = false) {
    if (reset) {
      this.resets += 1;
      this.faults.push('reset');
    }
    for (const event of events) {
      if (event.sequence <= this.sequence && !twice) {
        this.skipped += 1;
        continue;
      }
      if (event.sequence !== this.sequence + 1) this.faults.push(`event ${event.sequence} after ${this.sequence}`);
      this.sequence = event.sequence;
      this.applied += 1;
    }
    if (sequence > this.sequence) this.faults.push(`a payload of ${sequence} ends with ${this.sequence}`);
  }
}

/** Over Server-Sent Events. */
export class EventStream extends Follower {
  cut() {
    this.controller?.abort();
  }

  async connect(url) {
    this.controller = new AbortController();
    const headers = { accept: 'text/event-stream', 'content-type': 'application/json', authorization: `Bearer ${this.token}` };
    const options = { method: 'POST', headers, body: JSON.stringify(this.request()), signal: this.controller.signal };
    const response = await fetch(`${url}/graphql`, options);
    let text = '';
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      const events = (text + part).split('\n\n');
      text = events.pop();
      for (const event of events) {
        const data = event.match(/^data: (.+)$/m)?.[1];
        const result = data && JSON.parse(data);
        if (event.startsWith('event: complete')) this.faults.push('complete');
        if (result?.errors) this.faults.push(data);
        else if (result) this.apply(result.data.boardEvents);
      }
    }
  }
}

/** Over WebSocket. */
export class Socket extends Follower {
  cut() {
    this.socket?.terminate();
  }

  connect(url) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    this.socket = socket;
    const send = (message) => socket.send(JSON.stringify(message));
    socket.onopen = () => send({ type: 'connection_init', payload: { authorization: `Bearer ${this.token}` } });
    socket.onmessage = ({ data }) => {
      const { type, payload } = JSON.parse(data);
      if (type === 'connection_ack') send({ id: '1', type: 'subscribe', payload: this.request() });
      if (type === 'next') this.apply(payload.data.boardEvents);
      if (type === 'complete') this.faults.push('complete');
      if (type === 'error') this.faults.push(JSON.stringify(payload));
    };
    return new Promise((done) => {
      socket.onclose = done;
      socket.onerror = done;
    });
  }
}
