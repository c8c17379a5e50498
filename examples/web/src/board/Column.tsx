import { Draggable, Droppable, type DraggableChildrenFn } from '@hello-pangea/dnd';
import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { memo, useCallback, useRef } from 'react';
import type { CardColumn } from '../api/graphql';
import { type CardData, CardTile } from './CardTile';
import { NewCard } from './NewCard';

interface Props {
  boardId: string;
  column: CardColumn;
  name: string;
  cards: CardData[];
  canEdit: boolean;
  onOpen: (cardId: string) => void;
}

const HEIGHT = 56;

/** A column with its cards. Only the cards in sight have elements, so that a column can be long. */
export const Column = memo(function Column({ boardId, column, name, cards, canEdit, onOpen }: Props) {
  const renderClone = useCallback<DraggableChildrenFn>(
    (provided, snapshot, { source }) => (
      <CardTile card={cards[source.index] as CardData} {...{ provided, snapshot, onOpen }} />
    ),
    [cards, onOpen],
  );
  return (
    <section className={`column ${column.toLowerCase()}`} aria-label={name}>
      <h2>
        {name} <span className="count">{cards.length}</span>
      </h2>
      <Droppable droppableId={column} mode="virtual" renderClone={renderClone} isDropDisabled={!canEdit}>
        {({ innerRef, droppableProps }, { isUsingPlaceholder, isDraggingOver }) => (
          <Cards
            {...{ name, cards, canEdit, onOpen, innerRef, droppableProps, isDraggingOver }}
            // A card from another column needs the space of one more card.
            count={cards.length + (isUsingPlaceholder ? 1 : 0)}
          />
        )}
      </Droppable>
      {canEdit && <NewCard boardId={boardId} column={column} columnName={name} />}
    </section>
  );
}, isSame);

/** Each change of the board makes new arrays, but a column is rendered only if it has other cards. */
function isSame({ cards: before, ...propsBefore }: Props, { cards, ...props }: Props) {
  return (
    cards.length === before.length &&
    cards.every((card, at) => card === before[at]) &&
    (Object.keys(props) as (keyof typeof props)[]).every((key) => props[key] === propsBefore[key])
  );
}

/** The element of a card that is lifted is empty, but its space stays: the cards below are shifted over it. */
function heightOf(element: HTMLElement, _: unknown, { measurementsCache }: Virtualizer<HTMLDivElement, HTMLElement>) {
  return element.offsetHeight || (measurementsCache[Number(element.dataset.index)]?.size ?? HEIGHT);
}

interface CardsProps extends Pick<Props, 'name' | 'cards' | 'canEdit' | 'onOpen'> {
  count: number;
  innerRef: (element: HTMLElement | null) => void;
  droppableProps: object;
  isDraggingOver: boolean;
}

function Cards({ name, cards, canEdit, onOpen, count, innerRef, droppableProps, isDraggingOver }: CardsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const setScroller = useCallback(
    (element: HTMLDivElement | null) => {
      scroller.current = element;
      innerRef(element);
    },
    [innerRef],
  );
  const rows = useVirtualizer<HTMLDivElement, HTMLElement>({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => HEIGHT,
    measureElement: heightOf,
    getItemKey: (index) => cards[index]?.id ?? 'placeholder',
    overscan: 2,
  });
  return (
    <div ref={setScroller} {...droppableProps} className={`cards${isDraggingOver ? ' over' : ''}`}>
      <ul aria-label={name} style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, start, key }) => {
          const card = cards[index];
          return card && <Row key={key} {...{ card, index, canEdit, onOpen }} top={start} size={cards.length} measure={rows.measureElement} />;
        })}
      </ul>
    </div>
  );
}

interface RowProps extends Pick<Props, 'canEdit' | 'onOpen'> {
  card: CardData;
  index: number;
  top: number;
  /** The number of cards in the column. */
  size: number;
  measure: (element: HTMLElement | null) => void;
}

const Row = memo(function Row({ card, index, top, size, canEdit, onOpen, measure }: RowProps) {
  return (
    <li ref={measure} data-index={index} aria-setsize={size} aria-posinset={index + 1} style={{ top }}>
      <Draggable draggableId={card.id} index={index} isDragDisabled={!canEdit}>
        {(provided, snapshot) => <CardTile {...{ card, provided, snapshot, onOpen }} />}
      </Draggable>
    </li>
  );
});
