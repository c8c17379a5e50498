import { useCallback, useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { Link, useLocation, useRoute } from 'wouter';
import { readFragment } from '../api/graphql';
import { BoardColumns } from '../board/BoardColumns';
import { BoardHeader } from '../board/BoardHeader';
import { CARD_TILE } from '../board/CardTile';
import { NO_FILTER } from '../model/columns';
import { BOARD } from '../live/documents';
import { FilterBar } from '../board/FilterBar';
import { useSearch } from '../board/useSearch';
import { useLiveBoard } from '../live/useLiveBoard';
import { Button } from '../ui/Button';
import { lazyDialog } from '../ui/lazyDialog';
import { Message } from '../ui/Message';
import { usePageTitle } from '../ui/usePageTitle';

const CardDialog = lazyDialog(() => import('../card/CardDialog').then((file) => file.CardDialog));

/** Says what has become of the board if it cannot be shown. */
export function BoardPage({ boardId }: { boardId: string }) {
  const { state, load } = useLiveBoard(boardId);
  if (state.is === 'missing') {
    return (
      <Message title="There is no such board">
        <p>It does not exist, or you may not see it.</p>
        <Link href="/">My boards</Link>
      </Message>
    );
  }
  if (state.is === 'closed') {
    return (
      <Message title="This board is closed">
        <p>{state.text}</p>
        <Link href="/">My boards</Link>
      </Message>
    );
  }
  if (state.is === 'failed') {
    return (
      <Message title="The board cannot be shown">
        <p>{state.text}</p>
        <Button onPress={load}>Try again</Button>
      </Message>
    );
  }
  return <Board boardId={boardId} isLoading={state.is === 'loading'} />;
}

/** Shows what the cache has of the board. */
function Board({ boardId, isLoading }: { boardId: string; isLoading: boolean }) {
  const [{ data }] = useQuery({ query: BOARD, variables: { boardId }, requestPolicy: 'cache-only' });
  const [filter, setFilter] = useState(NO_FILTER);
  const [, go] = useLocation();
  const [, opened] = useRoute('/boards/:boardId/cards/:cardId');
  const board = data?.board;
  usePageTitle(board?.title ?? 'Board');

  const nodes = board?.cards.nodes;
  const cards = useMemo(() => (nodes ?? []).map((card) => readFragment(CARD_TILE, card)), [nodes]);
  const found = useSearch(boardId, filter.text.trim(), cards);
  const openCard = useCallback((cardId: string) => go(`/boards/${boardId}/cards/${cardId}`), [go, boardId]);
  const closeCard = () => go(`/boards/${boardId}`);

  if (!board) {
    return (
      <main className="welcome" aria-busy>
        <p role="status">Loading…</p>
      </main>
    );
  }
  const labels = board.labels;
  return (
    <div className="page board-page" aria-busy={isLoading}>
      <BoardHeader boardId={boardId} title={board.title} role={board.viewerRole} labels={labels} />
      <FilterBar labels={labels} filter={filter} onChange={setFilter} />
      <main>
        <BoardColumns {...{ boardId, cards, filter, found }} role={board.viewerRole} onOpen={openCard} />
      </main>
      {opened && (
        <CardDialog key={opened.cardId} cardId={opened.cardId} labels={labels} role={board.viewerRole} onClose={closeCard} />
      )}
    </div>
  );
}
