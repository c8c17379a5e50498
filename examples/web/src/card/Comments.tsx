import { useState } from 'react';
import { useQuery } from 'urql';
import { useAction } from '../api/actions';
import { graphql } from '../api/graphql';
import { ShowMore } from '../ui/ShowMore';
import { SubmitForm } from '../ui/SubmitForm';
import { TextInput } from '../ui/TextInput';
import { CommentItem } from './CommentItem';
import { COMMENT } from './comment';

const COMMENTS = graphql(
  `
  query Comments($cardId: ID!, $after: String) {
    card(id: $cardId) {
      id
      comments(first: 50, after: $after) {
        nodes { id ...Comment }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`,
  [COMMENT],
);

const ADD_COMMENT = graphql(
  `
  mutation AddComment($input: AddCommentInput!) {
    addComment(input: $input) { comment { id ...Comment } }
  }
`,
  [COMMENT],
);

/** The comments on a card, oldest first. */
export function Comments({ cardId, canEdit }: { cardId: string; canEdit: boolean }) {
  const [after, setAfter] = useState<string | null>(null);
  const [{ data }] = useQuery({ query: COMMENTS, variables: { cardId, after }, requestPolicy: 'cache-and-network' });
  const add = useAction(ADD_COMMENT);
  const [added, setAdded] = useState(0);
  const comments = data?.card?.comments;

  async function save({ body = '' }: Record<string, string>) {
    const { error } = await add({ cardId, body });
    // An empty form for the next comment.
    if (!error) setAdded(added + 1);
    return error;
  }

  return (
    <>
      {comments?.nodes.length === 0 && <p className="empty">No comments yet.</p>}
      <ol className="comments" aria-label="Comments">
        {comments?.nodes.map((comment) => (
          <CommentItem key={comment.id} comment={comment} canEdit={canEdit} />
        ))}
      </ol>
      {comments && <ShowMore pageInfo={comments.pageInfo} onShow={setAfter} />}
      {canEdit && (
        <SubmitForm key={added} action="Add comment" onSubmit={save}>
          <TextInput label="New comment" name="body" rows={3} hint="Markdown" isRequired />
        </SubmitForm>
      )}
    </>
  );
}
