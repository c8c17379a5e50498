// The columns of a board, its cards in them, and the filter. It needs no React and no server.

import type { CardColumn, LabelColor } from '../api/graphql';

export const COLUMNS: readonly { column: CardColumn; name: string }[] = [
  { column: 'BACKLOG', name: 'Backlog' },
  { column: 'TODO', name: 'To do' },
  { column: 'DOING', name: 'Doing' },
  { column: 'DONE', name: 'Done' },
];

interface Card {
  id: string;
  title: string;
  column: CardColumn;
  rank: string;
  labels: readonly { color: LabelColor }[];
}

export interface Filter {
  text: string;
  /** Cards with at least one of these labels; all cards if it is empty. */
  colors: readonly LabelColor[];
}

export const NO_FILTER: Filter = { text: '', colors: [] };

/** `found` are the IDs of cards that match the text, besides those with such a title. */
export function groupCards<One extends Card>(cards: readonly One[], filter: Filter, found: ReadonlySet<string>): Record<CardColumn, One[]> {
  const groups: Record<CardColumn, One[]> = { BACKLOG: [], TODO: [], DOING: [], DONE: [] };
  const text = fold(filter.text.trim());
  for (const card of cards) {
    const hasText = found.has(card.id) || fold(card.title).includes(text);
    if (hasText && hasColor(card, filter.colors)) groups[card.column].push(card);
  }
  for (const group of Object.values(groups)) group.sort(byRank);
  return groups;
}

/** Ranks are compared as plain text, never by the rules of a language. */
function byRank(a: Card, b: Card) {
  if (a.rank === b.rank) return a.id < b.id ? -1 : 1;
  return a.rank < b.rank ? -1 : 1;
}

const hasColor = ({ labels }: Card, colors: readonly LabelColor[]) =>
  colors.length === 0 || labels.some(({ color }) => colors.includes(color));

const fold = (text: string) => text.normalize('NFKC').toLowerCase();
