import { useState } from 'react';
import { useAction } from '../api/actions';
import { type FragmentOf, graphql, readFragment } from '../api/graphql';
import { Avatar } from '../ui/Avatar';
import { Button } from '../ui/Button';
import { Markdown } from '../ui/Markdown';
import { SubmitForm } from '../ui/SubmitForm';
import { TextInput } from '../ui/TextInput';
import { Time } from '../ui/Time';
import { useNotifyingAction } from '../ui/useNotifyingAction';
import { COMMENT } from './comment';

const UPDATE_COMMENT = graphql(
  `
  mutation UpdateComment($input: UpdateCommentInput!) {
    updateComment(input: $input) { comment { id ...Comment } }
  }
`,
  [COMMENT],
);

const DELETE_COMMENT = graphql(`
  mutation DeleteComment($input: DeleteCommentInput!) {
    deleteComment(input: $input) { deletedCommentId card { id } }
  }
`);

/** One comment. Its author edits it; its author and an ADMIN delete it. */
export function CommentItem({ comment: data, canEdit }: { comment: FragmentOf<typeof COMMENT>; canEdit: boolean }) {
  const comment = readFragment(COMMENT, data);
  const { id, body, createdAt, updatedAt, viewerCanUpdate, viewerCanDelete } = comment;
  const [isEditing, setEditing] = useState(false);
  const update = useAction(UPDATE_COMMENT);
  const remove = useNotifyingAction(DELETE_COMMENT);
  const author = comment.author ?? { id: '', name: 'Deleted account' };

  async function save(values: Record<string, string>) {
    const { error } = await update({ commentId: id, body: values.body ?? '' });
    if (!error) setEditing(false);
    return error;
  }

  return (
    <li className="comment">
      <Avatar {...author} />
      <div className="grow">
        <p className="comment-head">
          <strong>{author.name}</strong>{' '}
          <small>
            <Time at={createdAt} /> {updatedAt !== createdAt && '(edited)'}
          </small>
        </p>
        {isEditing ? (
          <SubmitForm action="Save" onSubmit={save} onCancel={() => setEditing(false)}>
            <TextInput label="Comment" name="body" defaultValue={body} rows={3} isRequired autoFocus />
          </SubmitForm>
        ) : (
          <Markdown>{body}</Markdown>
        )}
        {canEdit && !isEditing && (
          <p className="comment-tools">
            {viewerCanUpdate && (
              <Button kind="quiet" onPress={() => setEditing(true)}>
                Edit
              </Button>
            )}
            {viewerCanDelete && (
              <Button kind="quiet" onPress={() => remove({ commentId: id })}>
                Delete
              </Button>
            )}
          </p>
        )}
      </div>
    </li>
  );
}
