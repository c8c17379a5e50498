// Clients that read during a failure, and the time until everything works again.

import { eventually, pick, sleep } from './support.mjs';

const READ = 'query($id: ID!) { board(id: $id) { version cards(first: 20) { totalCount nodes { id title } } } }';
const PAUSE = 10;
const PAUSE_AFTER_FAILURE = 50;

/** The times from the end of a failure until the first good answers, in ms. */
export class Recovery {
  #since = Infinity;
  #writers;
  /** First good answers to reads and writes, first 200 of /readyz after its last failure, first write of the last client. */
  times = { reads: undefined, writes: undefined, readyz: undefined, everybody: undefined };
  /** When a request that was sent after the end of the failure failed for the last time. */
  lastFailure = 0;

  constructor(world) {
    this.#writers = new Set(world.writers);
  }

  /** The failure has ended. */
  begin() {
    this.#since = performance.now();
  }

  /** A request that was sent at `began` has an answer. */
  note(kind, isGood, began, writer) {
    const after = performance.now() - this.#since;
    if (!(after >= 0)) return;
    if (!isGood && began >= this.#since) this.lastFailure = after;
    if (!isGood && kind === 'readyz') this.times.readyz = undefined;
    if (!isGood) return;
    this.times[kind] ??= after;
    this.#writers.delete(writer);
    if (this.#writers.size === 0) this.times.everybody ??= after;
  }

  /** Waits until everything has recovered, at most `limit` ms. Times that are missing then become `limit`. */
  async wait(limit) {
    const isComplete = () => Object.values(this.times).every((time) => time !== undefined);
    await eventually(limit, 'recovery', isComplete).catch(() => {});
    for (const name of Object.keys(this.times)) this.times[name] ??= limit;
  }
}

/** Reads boards until `round.isOver`. A read must show every write that was acknowledged before it. */
export async function keepReading({ api, world, ledger, round, recovery }, reader) {
  while (!round.isOver) {
    const board = pick(world.boards);
    const { version } = board;
    const began = performance.now();
    const answer = await api.send(READ, { id: board.id }, reader.account.token);
    const isGood = answer !== undefined && !answer.errors;
    recovery.note('reads', isGood, began);
    if (isGood && !(answer.data.board?.version >= version)) {
      ledger.fault('other', `a read of ${board.id} after version ${version} was answered ${JSON.stringify(answer)}`);
    }
    if (answer?.errors && answer.errors[0].extensions?.code !== 'SERVICE_UNAVAILABLE') {
      ledger.fault('other', `a read was answered ${JSON.stringify(answer)}`);
    }
    await sleep(isGood ? PAUSE : PAUSE_AFTER_FAILURE);
  }
}

/** Asks /readyz until `round.isOver`. */
export async function keepAskingReadiness({ api, round, recovery }) {
  while (!round.isOver) {
    const began = performance.now();
    recovery.note('readyz', (await api.status('/readyz')) === 200, began);
    await sleep(2 * PAUSE);
  }
}
