import { useState } from 'react';
import { useQuery } from 'urql';
import { ActivityList } from '../activity/ActivityList';
import { EVENT } from '../activity/event';
import { graphql } from '../api/graphql';
import { Dialog } from '../ui/Dialog';
import { ShowMore } from '../ui/ShowMore';

const BOARD_ACTIVITY = graphql(
  `
  query BoardActivity($boardId: ID!, $after: String) {
    board(id: $boardId) {
      id
      activity(first: 50, after: $after) {
        nodes { id ...Event }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`,
  [EVENT],
);

/** The history of the board, latest first. */
export function BoardActivityDialog({ boardId, onClose }: { boardId: string; onClose: () => void }) {
  const [after, setAfter] = useState<string | null>(null);
  const [{ data }] = useQuery({ query: BOARD_ACTIVITY, variables: { boardId, after }, requestPolicy: 'cache-and-network' });
  const activity = data?.board?.activity;
  return (
    <Dialog title="Activity" size="large" onClose={onClose}>
      {activity && <ActivityList events={activity.nodes} />}
      {activity && <ShowMore pageInfo={activity.pageInfo} onShow={setAfter} />}
    </Dialog>
  );
}
