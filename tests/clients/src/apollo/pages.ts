import type { ApolloClient } from '@apollo/client';
import { COLUMN_PAGE } from '../documents.js';
import type { CardPageFragment } from '../gql/graphql.js';

type Column = { id: string; cards: Pick<CardPageFragment, 'pageInfo'> };

/** Loads the next page of a column into the list that is in the cache. */
export function loadMore(client: ApolloClient, { id: columnId, cards: { pageInfo } }: Column, first: number) {
  const variables = { columnId, first, after: pageInfo.endCursor ?? '' };
  // Not `cache-first`: the cache has a list for the column already, and would answer with that.
  return client.query({ query: COLUMN_PAGE, variables, fetchPolicy: 'network-only' });
}
