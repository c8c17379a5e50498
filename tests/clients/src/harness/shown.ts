import { given, type Lists } from './steps.js';
import type { CardColumn } from '../gql/enums.js';

interface Card {
  id: string;
  title: string;
}

interface Column<C extends Card> {
  id: string;
  column: CardColumn;
  cards: { edges: { node: C }[] };
}

/** The columns that a client shows. `read` reads them from its cache, in the way in which a component does. */
export class Shown<C extends Card, K extends Column<C>> {
  constructor(private readonly read: () => (K & Column<C>)[] | undefined) {}

  column = (column: CardColumn) => given(given(this.read(), 'the board').find((one) => one.column === column));

  ids = (column: CardColumn) => this.column(column).cards.edges.map(({ node }) => node.id);

  lists = (): Lists => ({ BACKLOG: this.ids('BACKLOG'), TODO: this.ids('TODO') });

  card = (column: CardColumn, id: string): C => given(this.column(column).cards.edges.find(({ node }) => node.id === id)).node;
}
