import type { ApolloCache, ApolloClient, Reference } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { CARD, CREATE_CARD, MOVE_CARD } from '../documents.js';
import type { CardColumn, ErrorCode } from '../gql/enums.js';
import type { CardPartsFragment } from '../gql/graphql.js';

type Column = { id: string; column: CardColumn };
type Edge = { cursor: string; node: CardPartsFragment };
type StoredList = { edges: { cursor: string; node: Reference }[]; pageInfo: { hasNextPage: boolean } };

const CONFLICT: ErrorCode = 'CONFLICT';
const isConflict = (error: unknown) =>
  CombinedGraphQLErrors.is(error) && error.errors[0]?.extensions?.code === CONFLICT;

/** Creates a card, and shows it at the end of its column. */
export function createCard(client: ApolloClient, boardId: string, to: Column, title: string) {
  const input = { boardId, card: { title, column: to.column }, clientMutationId: crypto.randomUUID() };
  return client.mutate({
    mutation: CREATE_CARD,
    variables: { input },
    update(cache, { data }) {
      if (data?.createCard) setEdges(cache, to, data.createCard.cardEdge.node.id, data.createCard.cardEdge);
    },
  });
}

/** Moves a card to the end of a column, which is shown at once. If it fails, the card is shown where it was. */
export async function moveCard(client: ApolloClient, card: CardPartsFragment, from: Column, to: Column) {
  const clientMutationId = crypto.randomUUID();
  const input = { cardId: card.id, column: to.column, expectedVersion: card.version, clientMutationId };
  try {
    await client.mutate({
      mutation: MOVE_CARD,
      variables: { input },
      optimisticResponse: { moveCard: { cardEdge: { cursor: '', node: { ...card, column: to.column } } } },
      update(cache, { data }) {
        if (!data?.moveCard) return;
        setEdges(cache, from, card.id);
        setEdges(cache, to, card.id, data.moveCard.cardEdge);
      },
    });
  } catch (error) {
    // Another user has changed the card: show what it is now.
    if (isConflict(error)) await fetchCard(client, card.id);
    throw error;
  }
}

const fetchCard = (client: ApolloClient, cardId: string) =>
  client.query({ query: CARD, variables: { cardId }, fetchPolicy: 'network-only' });

/** Takes a card out of a column, or puts it at the end. */
function setEdges(cache: ApolloCache, { id }: Column, cardId: string, added?: Edge) {
  cache.modify<{ cards: StoredList }>({
    id: cache.identify({ __typename: 'BoardColumn', id }),
    fields: {
      cards(stored, { DELETE, readField, storeFieldName, toReference }) {
        // A list with a filter is fetched again.
        if (storeFieldName !== 'cards:{}') return DELETE;
        const list = stored as StoredList;
        const edges = list.edges.filter(({ node }) => readField('id', node) !== cardId);
        // If the end of the list is not loaded, the card will come with the last page.
        if (added && !list.pageInfo.hasNextPage) edges.push({ ...added, node: toReference(added.node)! });
        return { ...list, edges };
      },
    },
  });
}
