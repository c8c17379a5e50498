import { useState } from 'react';
import { Link } from 'wouter';
import { UserMenu } from '../account/UserMenu';
import type { BoardRole } from '../api/graphql';
import { Button } from '../ui/Button';
import { lazyDialog } from '../ui/lazyDialog';
import { MenuButton } from '../ui/MenuButton';
import type { LabelData } from '../model/labels';
import { MemberAvatars } from './members';

const MembersDialog = lazyDialog(() => import('./MembersDialog').then((file) => file.MembersDialog));
const LabelsDialog = lazyDialog(() => import('./LabelsDialog').then((file) => file.LabelsDialog));
const BoardActivityDialog = lazyDialog(() => import('./BoardActivityDialog').then((file) => file.BoardActivityDialog));
const TrashDialog = lazyDialog(() => import('./TrashDialog').then((file) => file.TrashDialog));

interface Props {
  boardId: string;
  title: string;
  role: BoardRole;
  labels: readonly LabelData[];
}

/** The title of the board and its dialogs. A VIEWER does not see those that need another role. */
export function BoardHeader({ boardId, title, role, labels }: Props) {
  const [dialog, setDialog] = useState<'members' | 'labels' | 'activity' | 'trash'>();
  const close = () => setDialog(undefined);
  const canEdit = role !== 'VIEWER';
  const items = [
    { name: 'Activity', onAction: () => setDialog('activity') },
    ...(canEdit ? [{ name: 'Labels', onAction: () => setDialog('labels') }] : []),
    ...(canEdit ? [{ name: 'Trash', onAction: () => setDialog('trash') }] : []),
  ];
  return (
    <header className="bar">
      <Link href="/" className="back" aria-label="My boards">
        ‹
      </Link>
      <h1>{title}</h1>
      {!canEdit && <span className="role">View only</span>}
      <span className="spring" />
      <MemberAvatars boardId={boardId} />
      <Button onPress={() => setDialog('members')}>{role === 'ADMIN' ? 'Share' : 'Members'}</Button>
      <MenuButton label="Board menu" items={items} />
      <UserMenu />
      {dialog === 'members' && <MembersDialog boardId={boardId} role={role} onClose={close} />}
      {dialog === 'labels' && <LabelsDialog labels={labels} onClose={close} />}
      {dialog === 'activity' && <BoardActivityDialog boardId={boardId} onClose={close} />}
      {dialog === 'trash' && <TrashDialog boardId={boardId} onClose={close} />}
    </header>
  );
}
