import type { Cache } from '@urql/exchange-graphcache';
import { type CardColumn, graphql } from './graphql';

const POSITION = graphql(`
  fragment Position on Card { id column rank version }
`);

export interface Positioned {
  id: string;
  column: CardColumn;
  rank: string;
  version: number;
}

/**
 * The newest position of each card that an event has told. The answer to a move can arrive after the event of a later
 * move, and must not take that back.
 */
export class Positions {
  #newest = new Map<string, Positioned>();

  note({ id, column, rank, version }: Positioned) {
    this.#newest.set(id, { id, column, rank, version });
  }

  /** Call it when the answer to a mutation has written the card to the cache. */
  keepNewest(cache: Cache, { id, version }: Positioned) {
    const newest = this.#newest.get(id);
    if (newest && newest.version > version) cache.writeFragment(POSITION, newest as never);
  }
}
