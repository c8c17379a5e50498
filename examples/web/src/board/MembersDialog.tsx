import { useState } from 'react';
import { useQuery } from 'urql';
import { useLocation } from 'wouter';
import { type BoardRole, graphql } from '../api/graphql';
import { session } from '../api/session';
import { Avatar } from '../ui/Avatar';
import { Button } from '../ui/Button';
import { Choice } from '../ui/Choice';
import { Confirm } from '../ui/Confirm';
import { Dialog } from '../ui/Dialog';
import { useNotifyingAction } from '../ui/useNotifyingAction';
import { MEMBERS } from './members';
import { ROLES, SHARE_BOARD, ShareForm } from './ShareForm';

const UNSHARE_BOARD = graphql(`
  mutation UnshareBoard($input: UnshareBoardInput!) {
    unshareBoard(input: $input) { removedUserId }
  }
`);

interface Props {
  boardId: string;
  role: BoardRole;
  onClose: () => void;
}

/** Everybody sees the members. An ADMIN changes them, and everybody may leave. */
export function MembersDialog({ boardId, role, onClose }: Props) {
  const [{ data }] = useQuery({ query: MEMBERS, variables: { boardId } });
  const isAdmin = role === 'ADMIN';
  return (
    <Dialog title="Members" onClose={onClose}>
      {isAdmin && <ShareForm boardId={boardId} />}
      <ul className="rows" aria-label="Members">
        {data?.board?.members.edges.map(({ node, role: given }) => (
          <Member key={node.id} boardId={boardId} user={node} role={given} isAdmin={isAdmin} />
        ))}
      </ul>
    </Dialog>
  );
}

interface MemberProps {
  boardId: string;
  user: { id: string; name: string; email: string };
  role: BoardRole;
  /** Whether the one who looks at the list is an ADMIN. */
  isAdmin: boolean;
}

function Member({ boardId, user, role, isAdmin }: MemberProps) {
  const share = useNotifyingAction(SHARE_BOARD);
  const unshare = useNotifyingAction(UNSHARE_BOARD);
  const [isAsking, setAsking] = useState(false);
  const [, go] = useLocation();
  const isViewer = user.id === session.userId;

  async function remove() {
    const isDone = await unshare({ boardId, userId: user.id });
    if (isDone && isViewer) go('/');
  }

  return (
    <li>
      <Avatar name={user.name} id={user.id} />
      <span className="grow">
        {user.name} {isViewer && <small>(you)</small>}
        <small className="block">{user.email}</small>
      </span>
      {isAdmin ? (
        <Choice
          label={`Role of ${user.name}`}
          isLabelHidden
          value={role}
          options={ROLES}
          onChange={(next) => void share({ boardId, userId: user.id, role: next })}
        />
      ) : (
        <span className="role">{ROLES.find(({ value }) => value === role)?.name}</span>
      )}
      {(isAdmin || isViewer) && (
        <Button kind="quiet" aria-label={isViewer ? 'Leave the board' : `Remove ${user.name}`} onPress={() => setAsking(true)}>
          {isViewer ? 'Leave' : 'Remove'}
        </Button>
      )}
      {isAsking && (
        <Confirm
          title={isViewer ? 'Leave this board?' : `Remove ${user.name}?`}
          text={isViewer ? 'You will not see the board any more.' : `${user.name} will not see the board any more.`}
          action={isViewer ? 'Leave' : 'Remove'}
          onConfirm={() => void remove()}
          onClose={() => setAsking(false)}
        />
      )}
    </li>
  );
}
