import { createOperationDescriptor, fetchQuery, getRequest, getSingularSelector, graphql } from 'relay-runtime';

const boardQuery = graphql`
  query boardQuery($boardId: ID!, $count: Int!) {
    board(id: $boardId) {
      title
      columns { id column ...board_column @arguments(count: $count) }
    }
  }
`;

const columnFragment = graphql`
  fragment board_column on BoardColumn
  @argumentDefinitions(count: { type: "Int", defaultValue: 50 }, cursor: { type: "String" })
  @refetchable(queryName: "boardPageQuery") {
    id
    cards(first: $count, after: $cursor) @connection(key: "board_cards") {
      edges { node { id title version } }
    }
  }
`;

/** Fetches a board with the first cards of each column, and keeps it in the store until `close` is called. */
export async function openBoard(environment, boardId, count) {
  const variables = { boardId, count };
  const { dispose } = environment.retain(createOperationDescriptor(getRequest(boardQuery), variables));
  const { board } = await fetchQuery(environment, boardQuery, variables).toPromise();
  const columns = Object.fromEntries(board.columns.map((column) => [column.column, column]));
  return { title: board.title, columns, close: dispose };
}

/** The cards of a column that are in the store, and whether there are more. `usePaginationFragment` does it in React. */
export function readColumn(environment, column) {
  const { data } = environment.lookup(getSingularSelector(columnFragment, column));
  return { cards: data.cards.edges.map(({ node }) => node), pageInfo: data.cards.pageInfo };
}

/** Fetches the next cards of a column. `loadNext` does it in React. */
export async function loadNext(environment, column, count) {
  const cursor = readColumn(environment, column).pageInfo.endCursor;
  const pageQuery = columnFragment.metadata.refetch.operation;
  await fetchQuery(environment, pageQuery, { id: column.id, count, cursor }).toPromise();
}
