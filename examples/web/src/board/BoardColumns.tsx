import { DragDropContext, type DropResult, type ResponderProvided } from '@hello-pangea/dnd';
import { useCallback, useMemo, useState } from 'react';
import type { BoardRole, CardColumn } from '../api/graphql';
import { announceEnd, INSTRUCTIONS, onDragStart, onDragUpdate } from './announcements';
import type { CardData } from './CardTile';
import { Column } from './Column';
import { COLUMNS, type Filter, groupCards } from '../model/columns';
import { useMoveCard } from './useMoveCard';

interface Props {
  boardId: string;
  cards: CardData[];
  role: BoardRole;
  filter: Filter;
  /** The cards that have the text of the filter, also in their description. */
  found: ReadonlySet<string>;
  onOpen: (cardId: string) => void;
}

/** The four columns, between which cards are dragged. */
export function BoardColumns({ boardId, cards, role, filter, found, onOpen }: Props) {
  const present = useMemo(() => groupCards(cards, filter, found), [cards, filter, found]);
  // While a card is dragged, the board stays as it is: others may move or delete the card, or its neighbours.
  const [frozen, setFrozen] = useState<typeof present>();
  const groups = frozen ?? present;
  const move = useMoveCard();

  const onBeforeCapture = useCallback(() => setFrozen(present), [present]);

  const onDragEnd = useCallback(
    (result: DropResult, provided: ResponderProvided) => {
      const { source, destination } = result;
      announceEnd(result, provided);
      setFrozen(undefined);
      if (!destination) return;
      if (source.droppableId === destination.droppableId && source.index === destination.index) return;
      const card = groups[source.droppableId as CardColumn][source.index];
      if (!card) return;
      const column = destination.droppableId as CardColumn;
      const others = groups[column].filter(({ id }) => id !== card.id);
      void move(card, { column, above: others[destination.index - 1], below: others[destination.index] });
    },
    [groups, move],
  );

  return (
    <DragDropContext {...{ onBeforeCapture, onDragStart, onDragUpdate, onDragEnd }} dragHandleUsageInstructions={INSTRUCTIONS}>
      <div className="columns">
        {COLUMNS.map(({ column, name }) => (
          <Column key={column} {...{ boardId, column, name, onOpen }} cards={groups[column]} canEdit={role !== 'VIEWER'} />
        ))}
      </div>
    </DragDropContext>
  );
}
