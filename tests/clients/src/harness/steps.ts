import type { CardColumn } from '../gql/enums.js';

/** The IDs of the cards that are shown. */
export type Lists = Partial<Record<CardColumn, string[]>>;

/** The steps of ../../steps.mjs, which says what each of them does. */
export interface Steps {
  logIn(input: { email: string; password: string }): Promise<{ accessToken: string }>;
  refresh(input: { accessToken: string; boardId: string }): Promise<{ email: string; title: string }>;
  pageColumn(input: { boardId: string; column: CardColumn; pageSize: number }): Promise<{ cardIds: string[] }>;
  createInList(input: { boardId: string; column: CardColumn; title: string }): Promise<{ cardIds: string[] }>;
  moveWithRollback(input: { cardId: string; from: CardColumn; to: CardColumn }): Promise<Move>;
  partialErrors(input: { cardId: string; title: string; missingId: string }): Promise<Half>;
  retry(input: { boardId: string; column: CardColumn; title: string }): Promise<{ cardId: string }>;
  liveUpdate(input: { boardId: string; afterSequence: number; cardId: string }): Promise<{ title: string }>;
}

export interface Move {
  atOnce: Lists;
  code: string;
  rolledBack: Lists;
  title: string;
  movedAgain: Lists;
}

interface Half {
  title: string;
  missing: null;
  errors: { path: readonly (string | number)[]; code: unknown }[];
}

interface GraphQLProblem {
  path?: readonly (string | number)[] | undefined;
  extensions?: Record<string, unknown> | undefined;
}

export const pathAndCode = ({ path = [], extensions }: GraphQLProblem) => ({ path, code: extensions?.code });

/** The value, which must be there. */
export function given<T>(value: T | null | undefined, what = 'a value'): T {
  if (value === null || value === undefined) throw new Error(`${what} is missing`);
  return value;
}
