import { graphql } from './graphql.js';

export const CARD_PARTS = graphql(`
  fragment CardParts on Card { __typename id title column rank version board { id } }
`);

export const CARD_PAGE = graphql(`
  fragment CardPage on CardConnection {
    edges { cursor node { ...CardParts } }
    pageInfo { hasNextPage endCursor }
  }
`, [CARD_PARTS]);

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
`, [CARD_PAGE]);

export const COLUMN_PAGE = graphql(`
  query ColumnPage($columnId: ID!, $first: Int!, $after: String!) {
    node(id: $columnId) {
      __typename
      ... on BoardColumn { id cards(first: $first, after: $after) { ...CardPage } }
    }
  }
`, [CARD_PAGE]);

export const CARD = graphql(`
  query Card($cardId: ID!) { card(id: $cardId) { ...CardParts } }
`, [CARD_PARTS]);

export const CREATE_CARD = graphql(`
  mutation CreateCard($input: CreateCardInput!) {
    createCard(input: $input) { cardEdge { cursor node { ...CardParts } } }
  }
`, [CARD_PARTS]);

export const MOVE_CARD = graphql(`
  mutation MoveCard($input: MoveCardInput!) {
    moveCard(input: $input) { cardEdge { cursor node { ...CardParts } } }
  }
`, [CARD_PARTS]);

export const UPDATE_TWO_CARDS = graphql(`
  mutation UpdateTwoCards($one: UpdateCardInput!, $missing: UpdateCardInput!) {
    one: updateCard(input: $one) { card { ...CardParts } }
    missing: updateCard(input: $missing) { card { ...CardParts } }
  }
`, [CARD_PARTS]);

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
`, [CARD_PARTS]);
