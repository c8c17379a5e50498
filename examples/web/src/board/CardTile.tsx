import type { DraggableProvided, DraggableStateSnapshot } from '@hello-pangea/dnd';
import { type CSSProperties, memo } from 'react';
import { graphql, type ResultOf, readFragment } from '../api/graphql';
import { MOVING } from '../api/move';
import { keepTouches } from './keepTouches';
import { LabelChip } from './LabelChip';
import { LABEL, labelName } from '../model/labels';

export const CARD_TILE = graphql(
  `
  fragment CardTile on Card {
    id
    title
    column
    rank
    version
    labels { id color ...Label }
  }
`,
  [LABEL],
);

/** The fragment after `readFragment`. Each of its labels is a `LabelData`. */
export type CardData = ResultOf<typeof CARD_TILE>;

interface Props {
  card: CardData;
  provided: DraggableProvided;
  snapshot: DraggableStateSnapshot;
  onOpen: (cardId: string) => void;
}

/** A card in a column. Enter or a click opens it, the space bar lifts it. */
export const CardTile = memo(function CardTile({ card, provided, snapshot, onOpen }: Props) {
  const labels = readFragment(LABEL, card.labels);
  const name = [card.title, ...labels.map(labelName)].join(', ');
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <button> cannot be dragged.
    <div
      ref={provided.innerRef}
      {...provided.draggableProps}
      {...provided.dragHandleProps}
      style={styleOf(provided, snapshot)}
      role="button"
      tabIndex={0}
      aria-label={name}
      className={`card${snapshot.isDragging ? ' dragging' : ''}${card.version === MOVING ? ' saving' : ''}`}
      onTouchStart={keepTouches}
      onClick={() => onOpen(card.id)}
      onKeyDown={(event) => {
        // It may have been handled as the end of a move.
        if (event.key === 'Enter' && !event.defaultPrevented) onOpen(card.id);
      }}
    >
      {card.labels.length > 0 && (
        <span className="card-labels">
          {card.labels.map((label) => (
            <LabelChip key={label.id} label={label} />
          ))}
        </span>
      )}
      <span className="card-title">{card.title}</span>
    </div>
  );
});

const isCalm = window.matchMedia('(prefers-reduced-motion: reduce)');

/** Without motion the card is at its place at once. The transition must not be zero, because its end is awaited. */
function styleOf({ draggableProps }: DraggableProvided, { isDropAnimating }: DraggableStateSnapshot): CSSProperties | undefined {
  if (!isDropAnimating || !isCalm.matches) return draggableProps.style;
  return { ...draggableProps.style, transitionDuration: '0.001s' };
}
