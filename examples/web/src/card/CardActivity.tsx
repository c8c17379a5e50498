import { useQuery } from 'urql';
import { ActivityList } from '../activity/ActivityList';
import { EVENT } from '../activity/event';
import { graphql } from '../api/graphql';

const CARD_ACTIVITY = graphql(
  `
  query CardActivity($cardId: ID!) {
    card(id: $cardId) {
      id
      activity(first: 200) {
        nodes { id ...Event }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`,
  [EVENT],
);

/** The latest events of the card. */
export function CardActivity({ cardId }: { cardId: string }) {
  const [{ data }] = useQuery({ query: CARD_ACTIVITY, variables: { cardId }, requestPolicy: 'cache-and-network' });
  return <ActivityList events={data?.card?.activity.nodes ?? []} />;
}
