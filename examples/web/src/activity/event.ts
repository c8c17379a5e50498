import { graphql } from '../api/graphql';

export const EVENT = graphql(`
  fragment Event on BoardEvent {
    __typename
    id
    createdAt
    actor { id name }
    ... on BoardUpdatedEvent { changes { fieldName from to } }
    ... on CardCreatedEvent { card { id title } }
    ... on CardUpdatedEvent { card { id title } changes { fieldName from to } }
    ... on CardMovedEvent { card { id title } fromColumn toColumn }
    ... on CardLabelsChangedEvent { card { id title } added removed }
    ... on CardDeletedEvent { title }
    ... on CardRestoredEvent { card { id title } }
    ... on ColumnReorderedEvent { column }
    ... on CommentAddedEvent { card { id title } }
    ... on CommentUpdatedEvent { card { id title } }
    ... on CommentDeletedEvent { card { id title } }
    ... on LabelCreatedEvent { color name }
    ... on LabelUpdatedEvent { color name }
    ... on LabelDeletedEvent { color name }
    ... on MemberAddedEvent { user { id name } role }
    ... on MemberRoleChangedEvent { user { id name } to }
    ... on MemberRemovedEvent { user { id name } reason }
  }
`);
