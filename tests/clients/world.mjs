// A board with cards for one client, the accounts of its user and of a colleague, and the client's way to the server.

import { account, mutate } from './accounts.mjs';
import { Proxy } from './proxy.mjs';

const CARDS = [
  { column: 'BACKLOG', count: 45 },
  { column: 'TODO', count: 2 },
];

const BOARD = `query($boardId: ID!) {
  board(id: $boardId) { version cards(first: 1000) { nodes { id title column } } }
}`;

/** It asks the server itself, over plain HTTP, and never the client. */
export class World {
  constructor(api, secret, name) {
    Object.assign(this, { api, secret, title: `Board of ${name}` });
  }

  static async make(api, secret, name) {
    const world = new World(api, secret, name);
    world.user = await account(api, `${name}.user`);
    world.colleague = await account(api, `${name}.colleague`);
    await world.makeBoard();
    const { hostname, port } = new URL(api.url);
    world.proxy = new Proxy(hostname, port);
    world.url = `http://127.0.0.1:${await world.proxy.listen()}/graphql`;
    return world;
  }

  async makeBoard() {
    const { board } = await mutate(this.api, this.user, 'createBoard', { title: this.title }, 'board { id }');
    this.boardId = board.id;
    const member = { boardId: board.id, userId: this.colleague.id };
    await mutate(this.api, this.user, 'shareBoard', member, 'board { id }');
    for (const { column, count } of CARDS) {
      const cards = Array.from({ length: count }, (_, at) => ({ column, title: `${column} ${at + 1}` }));
      await this.colleagueDoes('createCards', { boardId: board.id, cards }, 'cards { id }');
    }
  }

  colleagueDoes(field, input, selection) {
    return mutate(this.api, this.colleague, field, input, selection);
  }

  async board() {
    return (await this.api.data(BOARD, { boardId: this.boardId }, this.user.tokens.accessToken)).board;
  }

  async version() {
    return (await this.board()).version;
  }

  /** The cards of a column, in their order. */
  async cards(column) {
    return (await this.board()).cards.nodes.filter((card) => card.column === column);
  }

  async cardIds(column) {
    return (await this.cards(column)).map(({ id }) => id);
  }

  /** The number of the user's sessions. */
  async sessions() {
    const { sessions } = await this.api.data('{ sessions { totalCount } }', {}, this.user.tokens.accessToken);
    return sessions.totalCount;
  }
}
