import { graphql, requestSubscription } from 'relay-runtime';

const subscription = graphql`
  subscription liveBoardSubscription($boardId: ID!, $afterSequence: Int!) {
    boardEvents(boardId: $boardId, afterSequence: $afterSequence) {
      reset
      sequence
      events {
        ... on CardUpdatedEvent { card { id title version } }
      }
    }
  }
`;

/** Follows a board. Relay puts the cards of the events into the store, so all that shows them is up to date. */
export const followBoard = (environment, variables, onNext) =>
  requestSubscription(environment, { subscription, variables, onNext });
