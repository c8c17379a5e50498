import { shows } from '../board.mjs';

const newCard = (world, title) =>
  world.colleagueDoes('createCard', { boardId: world.boardId, card: { title, column: 'DOING' } }, 'card { id }');

/** A socket on which the events of the board are lost up to the card "Asks". In its place the page gets `question`. */
function losing(question) {
  let isLosing = true;
  const rewrite = (payload) => {
    const asks = payload.events.some(({ card }) => card?.title === 'Asks');
    Object.assign(payload, { events: [] }, asks && question);
    isLosing = !asks;
  };
  return {
    route: (page) => {
      const server = page.connectToServer();
      server.onMessage((text) => {
        const message = JSON.parse(text);
        const payload = message.payload?.data?.boardEvents;
        if (isLosing && payload) rewrite(payload);
        page.send(JSON.stringify(message));
      });
    },
  };
}

const refetchesAfter = (question) => async (stage) => {
  const { world } = stage;
  const page = await stage.openBoard(world.user, { socket: losing(question) });
  const [{ id: cardId }] = await world.cards('TODO');
  await world.colleagueDoes('deleteCard', { cardId }, 'deletedCardId');
  await newCard(world, 'Asks');
  await shows(page, 'Doing', ['Asks']);
  await shows(page, 'To do', ['TODO 2']);
  await newCard(world, 'Live again');
  await shows(page, 'Doing', ['Asks', 'Live again']);
};

/** Moves two cards to the same position in turn until the server renews the ranks of the column. */
async function renewRanks(world) {
  const [first, ...others] = await world.cards('BACKLOG');
  const pair = others.slice(-2);
  for (let longest = 0; ; pair.reverse()) {
    const move = { cardId: pair[0].id, column: 'BACKLOG', afterCardId: first.id };
    const { rank } = (await world.colleagueDoes('moveCard', move, 'card { rank }')).card;
    if (rank.length < longest) return;
    longest = rank.length;
  }
}

export const refetches = {
  'a board is fetched again after a reset': refetchesAfter({ reset: true }),
  'a board is fetched again when a large column has new ranks': refetchesAfter({
    events: [{ __typename: 'ColumnReorderedEvent', id: 'event_of_test', cards: null }],
  }),

  async 'new ranks of a column keep its order in all browsers'(stage) {
    const { world } = stage;
    const page = await stage.openBoard(world.user);
    await renewRanks(world);
    await newCard(world, 'Last');
    await shows(page, 'Doing', ['Last']);
    const titles = (await world.cards('BACKLOG')).map(({ title }) => title);
    await shows(page, 'Backlog', titles.slice(0, 5));
  },
};
