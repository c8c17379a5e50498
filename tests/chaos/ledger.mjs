// The record of all writes: what the server acknowledged, and what is in doubt.

/**
 * The state of a card is everything that a client can read of it, with the kinds of its events. It is `null` before
 * the card is created. A write whose outcome is not certain leaves a doubt: the card has the old or the new state.
 */
export class Ledger {
  cards = new Map();
  counts = { acknowledged: 0, committed: 0, refused: 0, unknown: 0, unanswered: 0 };
  faults = [];
  #last = 0;

  /** A card that does not exist yet. Its tag is the first word of its title for ever. */
  newCard(owner, board) {
    const tag = `${owner}-${(this.#last += 1)}`;
    return { tag, owner, board, id: undefined, version: 0, state: null, doubt: undefined };
  }

  /** The cards of a writer that it may change: those without a doubt. */
  cardsOf(owner) {
    return [...this.cards.values()].filter((card) => card.owner === owner && card.state && !card.doubt);
  }

  /** Sends a write and records its outcome, which is the name of one of the counts. */
  async write(api, token, { field, input, selection, changes }) {
    const write = { field, outcome: 'unanswered', found: new Set() };
    for (const { card, next } of changes) {
      this.cards.set(card.tag, card);
      card.doubt = { next, write };
    }
    const answer = await api.mutate(field, input, selection, token);
    write.outcome = this.#outcome(answer, field, input);
    write.answer = JSON.stringify(answer);
    this.counts[write.outcome] += 1;
    if (write.outcome === 'acknowledged') acknowledge(changes, answer.data[field]);
    return write.outcome;
  }

  fault(kind, text) {
    this.faults.push({ kind, text });
  }

  count(kind) {
    return this.faults.filter((fault) => fault.kind === kind).length;
  }

  /** Nobody else changes the cards, so the only expected error is that the database is out of reach. */
  #outcome(answer, field, input) {
    if (!answer) return 'unanswered';
    if (!answer.errors) return 'acknowledged';
    const { code, outcome } = answer.errors[0].extensions ?? {};
    if (outcome === 'UNKNOWN') return 'unknown';
    if (outcome === 'COMMITTED') return 'committed';
    if (code !== 'SERVICE_UNAVAILABLE') this.fault('other', `${field} ${JSON.stringify(input)} was answered ${JSON.stringify(answer)}`);
    return 'refused';
  }
}

function acknowledge(changes, payload) {
  const rows = payload.cards ?? (payload.card ? [payload.card] : []);
  changes.forEach(({ card, next }, at) => {
    const { id = card.id, version = card.version } = rows[at] ?? {};
    Object.assign(card, { state: next, doubt: undefined, id, version });
    card.board.version = Math.max(card.board.version, card.version);
  });
}
