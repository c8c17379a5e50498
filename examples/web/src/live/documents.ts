// What the board reads and follows. The components below it read their parts through fragments.

import { graphql } from '../api/graphql';
import { COMMENT } from '../card/comment';
import { CARD_TILE } from '../board/CardTile';
import { LABEL } from '../model/labels';

export const BOARD = graphql(
  `
  query Board($boardId: ID!, $after: String) {
    board(id: $boardId) {
      id
      title
      version
      viewerRole
      labels { ...Label }
      cards(first: 200, after: $after) {
        nodes { ...CardTile }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`,
  [LABEL, CARD_TILE],
);

export const BOARD_EVENTS = graphql(
  `
  subscription BoardEvents($boardId: ID!, $afterSequence: Int!) {
    boardEvents(boardId: $boardId, afterSequence: $afterSequence) {
      reset
      sequence
      events {
        __typename
        id
        ... on CardCreatedEvent { cardId card { ...CardTile } }
        ... on CardUpdatedEvent { cardId card { description ...CardTile } }
        ... on CardMovedEvent { cardId card { ...CardTile } }
        ... on CardLabelsChangedEvent { cardId card { ...CardTile } }
        ... on CardRestoredEvent { cardId card { ...CardTile } }
        ... on CardDeletedEvent { cardId }
        ... on ColumnReorderedEvent { cards { id rank version column } }
        ... on LabelUpdatedEvent { label { ...Label } }
        ... on BoardUpdatedEvent { board { id title description } }
        ... on BoardDeletedEvent { actor { id name } }
        ... on MemberRoleChangedEvent { board { id viewerRole } }
        ... on MemberRemovedEvent { userId reason actor { id name } }
        ... on CommentAddedEvent { cardId comment { ...Comment } }
        ... on CommentUpdatedEvent { cardId comment { ...Comment } }
        ... on CommentDeletedEvent { cardId commentId }
      }
    }
  }
`,
  [CARD_TILE, LABEL, COMMENT],
);
