import { useState } from 'react';
import { Link } from 'wouter';
import { type FragmentOf, graphql, readFragment } from '../api/graphql';
import { Confirm } from '../ui/Confirm';
import { PlainText } from '../ui/Markdown';
import { MenuButton } from '../ui/MenuButton';
import { useNotifyingAction } from '../ui/useNotifyingAction';
import { RenameBoardDialog } from './RenameBoardDialog';

export const BOARD_TILE = graphql(`
  fragment BoardTile on Board { id title description viewerRole }
`);

export const DELETE_BOARD = graphql(`
  mutation DeleteBoard($input: DeleteBoardInput!) {
    deleteBoard(input: $input) { deletedBoardId }
  }
`);

const ROLES = { ADMIN: 'Admin', MEMBER: 'Member', VIEWER: 'Viewer' };

/** A board in the list of boards. */
export function BoardTile({ board: data }: { board: FragmentOf<typeof BOARD_TILE> }) {
  const { id, title, description, viewerRole } = readFragment(BOARD_TILE, data);
  const [dialog, setDialog] = useState<'rename' | 'delete'>();
  const remove = useNotifyingAction(DELETE_BOARD);
  const close = () => setDialog(undefined);
  return (
    <li className="board-tile">
      <Link href={`/boards/${id}`} className="board-link">
        {title}
      </Link>
      <p className="board-text">
        <PlainText>{description}</PlainText>
      </p>
      <footer>
        <span className="role">{ROLES[viewerRole]}</span>
        {viewerRole === 'ADMIN' && (
          <MenuButton
            label={`Actions for ${title}`}
            items={[
              { name: 'Rename…', onAction: () => setDialog('rename') },
              { name: 'Delete…', onAction: () => setDialog('delete') },
            ]}
          />
        )}
      </footer>
      {dialog === 'rename' && <RenameBoardDialog id={id} title={title} description={description} onClose={close} />}
      {dialog === 'delete' && (
        <Confirm
          title="Delete this board?"
          text={`“${title}” moves to the trash, where you can restore it.`}
          action="Delete board"
          onConfirm={() => remove({ boardId: id })}
          onClose={close}
        />
      )}
    </li>
  );
}
