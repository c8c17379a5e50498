// A member of the board who changes it at random. The same seed gives the same changes.

const COLUMNS = ['BACKLOG', 'TODO', 'DOING', 'DONE'];
const COLORS = ['RED', 'ORANGE', 'YELLOW', 'GREEN', 'BLUE', 'PURPLE', 'GRAY'];

/** The maximum length of a rank. */
const MAX_RANK = 32;

/** Numbers from 0 to 1 (mulberry32). */
export function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export class Writer {
  live = [];
  trash = [];
  serial = 0;

  /** `mutate(field, input, selection)` returns the payload of a mutation. */
  constructor(boardId, labels, mutate, random) {
    Object.assign(this, { boardId, mutate, random });
    this.labels = new Map(labels.map(({ id, color }) => [color, id]));
  }

  /** Makes the ranks of a position almost as long as they may be. */
  async prepare() {
    const input = { boardId: this.boardId, cards: ['A', 'B', 'C'].map((title) => ({ title, column: 'DONE' })) };
    this.crowded = (await this.mutate('createCards', input, 'cards { id }')).cards.map(({ id }) => id);
    for (;;) if ((await changes.crowd(this)).card.rank.length === MAX_RANK) return;
  }

  /** Sends one change. */
  async change() {
    const possible = this.live.length < 5 ? ['createCard'] : CHANGES.filter((field) => this.canSend(field));
    await changes[this.pick(possible)](this);
  }

  canSend(field) {
    if (field === 'restoreCard') return this.trash.length > 0;
    if (field === 'createLabel') return this.labels.size < COLORS.length;
    return !/Label$/.test(field) || this.labels.size > 2;
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }

  text() {
    this.serial += 1;
    return `Text ${this.serial}`;
  }

  some() {
    return [...this.labels.keys()].filter(() => this.random() < 0.4);
  }

  card() {
    return { title: this.text(), column: this.pick(COLUMNS), labels: this.some() };
  }

  take(list) {
    return list.splice(Math.floor(this.random() * list.length), 1)[0];
  }
}

const ID = 'card { id }';

const changes = {
  async createCard(to) {
    const { card } = await to.mutate('createCard', { boardId: to.boardId, card: to.card() }, ID);
    to.live.push(card.id);
  },
  async createCards(to) {
    const { cards } = await to.mutate('createCards', { boardId: to.boardId, cards: [to.card(), to.card(), to.card()] }, 'cards { id }');
    to.live.push(...cards.map(({ id }) => id));
  },
  async updateCard(to) {
    await to.mutate('updateCard', { cardId: to.pick(to.live), ...to.card() }, ID);
  },
  async moveCard(to) {
    const [cardId, beforeCardId] = [to.take(to.live), to.pick(to.live)];
    to.live.push(cardId);
    await to.mutate('moveCard', { cardId, column: to.pick(COLUMNS), beforeCardId }, ID);
  },
  /** Moves a card to a position that is used so often that the server gives the whole column new ranks. */
  async crowd(to) {
    const [anchor, lower, upper] = to.crowded;
    to.crowded = [anchor, upper, lower];
    const input = { cardId: lower, column: 'DONE', afterCardId: anchor };
    return to.mutate('moveCard', input, 'card { rank }');
  },
  async deleteCard(to) {
    const cardId = to.take(to.live);
    await to.mutate('deleteCard', { cardId }, 'deletedCardId');
    to.trash.push(cardId);
  },
  async restoreCard(to) {
    const cardId = to.take(to.trash);
    await to.mutate('restoreCard', { cardId }, ID);
    to.live.push(cardId);
  },
  async addLabelsToCard(to) {
    await to.mutate('addLabelsToCard', { cardId: to.pick(to.live), labels: [to.pick([...to.labels.keys()])] }, ID);
  },
  async removeLabelsFromCard(to) {
    await to.mutate('removeLabelsFromCard', { cardId: to.pick(to.live), labels: to.some() }, ID);
  },
  async createLabel(to) {
    const color = to.pick(COLORS.filter((one) => !to.labels.has(one)));
    const { label } = await to.mutate('createLabel', { boardId: to.boardId, color, name: to.text() }, 'label { id }');
    to.labels.set(color, label.id);
  },
  async updateLabel(to) {
    const color = to.pick([...to.labels.keys()]);
    const labelId = to.labels.get(color);
    const free = COLORS.filter((one) => !to.labels.has(one));
    const input = { labelId, name: to.text(), ...(free.length && { color: to.pick(free) }) };
    await to.mutate('updateLabel', input, 'label { id }');
    to.labels.delete(color);
    to.labels.set(input.color ?? color, labelId);
  },
  async deleteLabel(to) {
    const color = to.pick([...to.labels.keys()]);
    await to.mutate('deleteLabel', { labelId: to.labels.get(color) }, 'deletedLabelId');
    to.labels.delete(color);
  },
  async addComment(to) {
    await to.mutate('addComment', { cardId: to.pick(to.live), body: to.text() }, 'comment { id }');
  },
  async updateBoard(to) {
    const labels = to.some().map((color) => ({ color, name: to.text() }));
    await to.mutate('updateBoard', { boardId: to.boardId, title: to.text(), labels }, 'board { id }');
  },
};

const CHANGES = Object.keys(changes);
