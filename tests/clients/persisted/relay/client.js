// The client of ../run.mjs. Paths are those from the folder `build`.

import { commitMutation, fetchQuery, graphql, requestSubscription } from 'relay-runtime';

const viewerQuery = graphql`
  query clientViewerQuery {
    viewer { email }
  }
`;

const createCardMutation = graphql`
  mutation clientCreateCardMutation($input: CreateCardInput!) {
    createCard(input: $input) { card { id title } }
  }
`;

const boardEventsSubscription = graphql`
  subscription clientBoardEventsSubscription($boardId: ID!) {
    boardEvents(boardId: $boardId) { sequence }
  }
`;

export const createClient = (environment) => ({
  viewer: async () => (await fetchQuery(environment, viewerQuery, {}).toPromise()).viewer.email,
  createCard: (input) =>
    new Promise((done, fail) => {
      const onCompleted = ({ createCard }) => done(createCard.card.title);
      commitMutation(environment, { mutation: createCardMutation, variables: { input }, onCompleted, onError: fail });
    }),
  follow: (boardId) =>
    new Promise((done, fail) => {
      const onNext = ({ boardEvents }) => done(boardEvents.sequence);
      requestSubscription(environment, { subscription: boardEventsSubscription, variables: { boardId }, onNext, onError: fail });
    }),
});
