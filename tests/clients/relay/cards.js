import { commitMutation, ConnectionHandler, graphql } from 'relay-runtime';

/** The ID of the list of a column's cards in the store. */
const listOf = (column) => ConnectionHandler.getConnectionID(column.id, 'board_cards');

/** Sends a mutation. An answer may have both data and errors: each mutation of a document fails on its own. */
export const mutate = (environment, mutation, variables, options) =>
  new Promise((done, fail) => {
    const onCompleted = (data, errors) => done({ data, errors: errors ?? [] });
    // Relay throws an answer without data, and leaves it in `source`.
    const onError = (error) => {
      const errors = error.source?.errors;
      return errors ? done({ data: null, errors }) : fail(error);
    };
    commitMutation(environment, { mutation, variables, onCompleted, onError, ...options });
  });

const createCardMutation = graphql`
  mutation cardsCreateMutation($input: CreateCardInput!, $lists: [ID!]!) {
    createCard(input: $input) {
      cardEdge @appendEdge(connections: $lists) {
        cursor
        node { id title column version }
      }
    }
  }
`;

/** Creates a card. It enters the list of its column, because new cards stand at the end. */
export const createCard = (environment, column, input) =>
  mutate(environment, createCardMutation, { input, lists: [listOf(column)] });

const moveCardMutation = graphql`
  mutation cardsMoveMutation($input: MoveCardInput!, $from: [ID!]!, $to: [ID!]!) {
    moveCard(input: $input) {
      card { id @deleteEdge(connections: $from) }
      cardEdge @appendEdge(connections: $to) {
        cursor
        node { id title column version }
      }
    }
  }
`;

/** Moves a card to the end of another column, and shows it there at once. Relay takes that back if there is an error. */
export function moveCard(environment, { cardId, from, to, expectedVersion }) {
  const input = { cardId, column: to.column, expectedVersion, clientMutationId: crypto.randomUUID() };
  const optimisticUpdater = (store) => {
    const [source, target] = [store.get(listOf(from)), store.get(listOf(to))];
    const edge = ConnectionHandler.createEdge(store, target, store.get(cardId), 'CardEdge');
    ConnectionHandler.deleteNode(source, cardId);
    ConnectionHandler.insertEdgeAfter(target, edge);
  };
  const variables = { input, from: [listOf(from)], to: [listOf(to)] };
  return mutate(environment, moveCardMutation, variables, { optimisticUpdater });
}
