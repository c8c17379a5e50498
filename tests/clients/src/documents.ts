import { graphql } from './gql/index.js';

graphql(`
  fragment CardParts on Card { __typename id title column rank version }
`);

graphql(`
  fragment CardPage on CardConnection {
    edges { cursor node { ...CardParts } }
    pageInfo { hasNextPage endCursor }
  }
`);

export const LOG_IN = graphql(`
  mutation LogIn($input: LogInInput!) {
    logIn(input: $input) { accessToken refreshToken user { id name } }
  }
`);

export const VIEWER = graphql(`
  query Viewer { viewer { id name email createdAt } }
`);

export const BOARD_TITLE = graphql(`
  query BoardTitle($boardId: ID!) { board(id: $boardId) { id title } }
`);

export const BOARD = graphql(`
  query Board($boardId: ID!, $first: Int!) {
    board(id: $boardId) {
      id
      title
      version
      columns { id column cards(first: $first) { ...CardPage } }
    }
  }
`);

export const COLUMN_PAGE = graphql(`
  query ColumnPage($columnId: ID!, $first: Int!, $after: String!) {
    node(id: $columnId) {
      __typename
      ... on BoardColumn { id cards(first: $first, after: $after) { ...CardPage } }
    }
  }
`);

export const CARD = graphql(`
  query Card($cardId: ID!) { card(id: $cardId) { ...CardParts } }
`);

export const CREATE_CARD = graphql(`
  mutation CreateCard($input: CreateCardInput!) {
    createCard(input: $input) { cardEdge { cursor node { ...CardParts } } }
  }
`);

export const MOVE_CARD = graphql(`
  mutation MoveCard($input: MoveCardInput!) {
    moveCard(input: $input) { cardEdge { cursor node { ...CardParts } } }
  }
`);

export const UPDATE_TWO_CARDS = graphql(`
  mutation UpdateTwoCards($one: UpdateCardInput!, $missing: UpdateCardInput!) {
    one: updateCard(input: $one) { card { ...CardParts } }
    missing: updateCard(input: $missing) { card { ...CardParts } }
  }
`);

export const BOARD_EVENTS = graphql(`
  subscription BoardEvents($boardId: ID!, $afterSequence: Int) {
    boardEvents(boardId: $boardId, afterSequence: $afterSequence) {
      sequence
      reset
      events {
        __typename
        id
        sequence
        ... on CardUpdatedEvent { card { ...CardParts } changes { fieldName from to } }
      }
    }
  }
`);
