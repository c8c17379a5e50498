import type { Client } from '@urql/core';
import { type CARD_PAGE, COLUMN_PAGE } from '../tada/documents.js';
import type { ResultOf } from '../tada/graphql.js';

type Column = { id: string; cards: Pick<ResultOf<typeof CARD_PAGE>, 'pageInfo'> };

/** Loads the next page of a column. The cache shows all pages as one list. */
export const loadMore = (client: Client, { id: columnId, cards: { pageInfo } }: Column, first: number) =>
  client.query(COLUMN_PAGE, { columnId, first, after: pageInfo.endCursor ?? '' }).toPromise();
