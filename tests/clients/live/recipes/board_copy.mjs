import { BOARD } from './documents.mjs';

const COLORS = ['RED', 'ORANGE', 'YELLOW', 'GREEN', 'BLUE', 'PURPLE', 'GRAY'];
const byColor = (a, b) => COLORS.indexOf(a.color) - COLORS.indexOf(b.color);

/** The cards of a board, kept up to date with the payloads of `boardEvents`. */
export class BoardCopy {
  cards = new Map();
  sequence = 0;

  /** `query(document, variables)` returns the data of a query. */
  constructor(boardId, query) {
    this.boardId = boardId;
    this.query = query;
  }

  /** Forgets everything and fetches the board. */
  async load() {
    const cards = new Map();
    let version;
    let after = null;
    do {
      const { board } = await this.query(BOARD, { boardId: this.boardId, after });
      if (!board) throw new Error('The board does not exist, or you may not see it.');
      // The version of the first page: changes between the pages come again as events.
      version ??= board.version;
      for (const card of board.cards.nodes) cards.set(card.id, card);
      after = board.cards.pageInfo.hasNextPage ? board.cards.pageInfo.endCursor : null;
    } while (after);
    this.cards = cards;
    this.sequence = version;
  }

  /** Applies a payload. Wait for the result before you apply the next one. */
  async apply({ reset, events }) {
    if (reset) return this.load();
    for (const event of events) {
      if (event.sequence <= this.sequence) continue;
      await this.applyEvent(event);
      this.sequence = Math.max(this.sequence, event.sequence);
    }
  }

  applyEvent(event) {
    switch (event.__typename) {
      case 'CardCreatedEvent':
      case 'CardUpdatedEvent':
      case 'CardMovedEvent':
      case 'CardLabelsChangedEvent':
      case 'CardRestoredEvent':
        // Null if the card was deleted later. Its CardDeletedEvent will follow.
        if (event.card) this.cards.set(event.card.id, event.card);
        return;
      case 'CardDeletedEvent':
        this.cards.delete(event.cardId);
        return;
      case 'ColumnReorderedEvent':
        // Null if the column has more than 1,000 cards.
        if (!event.cards) return this.load();
        for (const card of event.cards) this.cards.set(card.id, card);
        return;
      case 'LabelUpdatedEvent':
        if (event.label) this.replaceLabel(event.label);
        return;
      case 'LabelDeletedEvent':
        this.removeLabel(event.labelId, event.sequence);
        return;
    }
  }

  replaceLabel(label) {
    for (const card of this.cards.values()) {
      if (!card.labels.some((one) => one.id === label.id)) continue;
      const labels = card.labels.map((one) => (one.id === label.id ? label : one)).sort(byColor);
      this.cards.set(card.id, { ...card, labels });
    }
  }

  /** The cards that had the label get a new version, but no events of their own. */
  removeLabel(labelId, sequence) {
    for (const card of this.cards.values()) {
      const labels = card.labels.filter((one) => one.id !== labelId);
      if (labels.length === card.labels.length) continue;
      this.cards.set(card.id, { ...card, labels, version: Math.max(card.version, sequence) });
    }
  }
}
