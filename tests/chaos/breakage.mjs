// Breaks something on purpose, to show that the check finds it: the option `--break`.

const number = (id) => Number(id.split('_')[1]);

function livingCard(ledger) {
  const card = [...ledger.cards.values()].find(({ state, doubt }) => state && !state.deleted && !doubt);
  if (!card) throw new Error('there is no card to break');
  return card;
}

export const breakages = {
  /** Records a write as acknowledged that was never sent. */
  phantom({ ledger }) {
    const like = livingCard(ledger);
    const card = { ...ledger.newCard('phantom', like.board), id: 'card_0', version: 1 };
    card.state = { ...like.state, title: `${card.tag} 1` };
    ledger.cards.set(card.tag, card);
  },
  /** Deletes the row of a card. */
  async row({ ledger, database }) {
    await database.sql(`DELETE FROM cards WHERE id = ${number(livingCard(ledger).id)}`);
  },
  /** Takes back the last change of a text. */
  async text({ ledger, database }) {
    await database.sql(`UPDATE cards SET description = 'old' WHERE id = ${number(livingCard(ledger).id)}`);
  },
  /** Deletes the event of a creation. */
  async event({ ledger, database }) {
    const card = livingCard(ledger);
    card.board.checked = 0;
    card.board.history.clear();
    await database.sql(`DELETE FROM board_events WHERE kind = 'CARD_CREATED' AND card_id = ${number(card.id)}`);
  },
  /** Writes the title of a change, but not the rest of it. */
  async half({ ledger, database }) {
    const card = livingCard(ledger);
    const title = `${card.tag} half`;
    const next = { ...card.state, title, description: 'half', events: [...card.state.events, 'CardUpdatedEvent'] };
    card.doubt = { next, write: { field: 'updateCard', outcome: 'unanswered', found: new Set() } };
    await database.sql(`UPDATE cards SET title = '${title}' WHERE id = ${number(card.id)}`);
  },
};
