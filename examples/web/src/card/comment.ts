import { graphql } from '../api/graphql';

export const COMMENT = graphql(`
  fragment Comment on Comment {
    id
    body
    createdAt
    updatedAt
    viewerCanUpdate
    viewerCanDelete
    author { id name }
  }
`);
