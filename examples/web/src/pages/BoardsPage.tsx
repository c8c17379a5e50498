import { useState } from 'react';
import { SearchField, Input, Label } from 'react-aria-components';
import { UserMenu } from '../account/UserMenu';
import { BoardTile } from '../boards/BoardTile';
import { DeletedBoardsDialog } from '../boards/DeletedBoardsDialog';
import { NewBoardDialog } from '../boards/NewBoardDialog';
import { useBoards } from '../boards/useBoards';
import { Button } from '../ui/Button';
import { usePageTitle } from '../ui/usePageTitle';

export function BoardsPage() {
  const { boards, isLoading, problem } = useBoards();
  const [text, setText] = useState('');
  const [dialog, setDialog] = useState<'new' | 'trash'>();
  usePageTitle('My boards');
  const wanted = text.trim().toLowerCase();
  const shown = boards.filter(({ title }) => title.toLowerCase().includes(wanted));

  return (
    <div className="page">
      <header className="bar">
        <p className="brand">
          <img src="./icon.svg" alt="" width="28" height="28" /> Kanban
        </p>
        <UserMenu />
      </header>
      <main className="boards">
        <div className="boards-head">
          <h1>My boards</h1>
          <div className="tools">
            <SearchField className="search" value={text} onChange={setText}>
              <Label className="hidden">Filter boards</Label>
              <Input placeholder="Filter boards" />
            </SearchField>
            <Button onPress={() => setDialog('trash')}>Trash</Button>
            <Button kind="primary" onPress={() => setDialog('new')}>
              New board
            </Button>
          </div>
        </div>
        {problem && <p role="alert">{problem}</p>}
        {isLoading && <p role="status">Loading…</p>}
        {!isLoading && shown.length === 0 && (
          <p className="empty">{boards.length ? 'No board has this title.' : 'You have no boards yet. Create the first one.'}</p>
        )}
        <ul className="board-tiles" aria-label="Boards">
          {shown.map(({ id, board }) => (
            <BoardTile key={id} board={board} />
          ))}
        </ul>
      </main>
      {dialog === 'new' && <NewBoardDialog onClose={() => setDialog(undefined)} />}
      {dialog === 'trash' && <DeletedBoardsDialog onClose={() => setDialog(undefined)} />}
    </div>
  );
}
