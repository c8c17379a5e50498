import { useEffect } from 'react';
import { useClient, useQuery, useSubscription } from 'urql';
import { explain } from '../api/errors';
import { graphql } from '../api/graphql';
import { loadPages } from '../api/pages';
import { BOARD_TILE } from './BoardTile';

const BOARDS = graphql(
  `
  query Boards($after: String) {
    boards(first: 200, after: $after) {
      nodes { id title createdAt ...BoardTile }
      pageInfo { hasNextPage endCursor }
    }
  }
`,
  [BOARD_TILE],
);

const VIEWER_BOARDS = graphql(
  `
  subscription ViewerBoards {
    viewerBoards {
      reset
      boards { id title createdAt ...BoardTile }
      removedBoardIds
    }
  }
`,
  [BOARD_TILE],
);

/** The boards of the user, newest first, always up to date. */
export function useBoards() {
  const client = useClient();
  const [{ data, error }] = useQuery({ query: BOARDS, requestPolicy: 'cache-only' });
  const [live] = useSubscription({ query: VIEWER_BOARDS });
  // The first payload has `reset`, and so has each one after which something may have been missed.
  useEffect(() => {
    if (live.data?.viewerBoards.reset) void loadPages(client, BOARDS, {}, ({ boards }) => boards.pageInfo);
  }, [client, live.data]);

  const nodes = data?.boards.nodes ?? [];
  const boards = nodes
    .map((board) => ({ id: board.id, title: board.title, createdAt: board.createdAt, board }))
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  const problem = live.error ?? error;
  return { boards, isLoading: !data && !problem, problem: problem && explain(problem) };
}
