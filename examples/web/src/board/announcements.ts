// What screen readers say while a card is moved with the keyboard.

import type { DragStart, DragUpdate, DropResult, ResponderProvided } from '@hello-pangea/dnd';
import { COLUMNS } from '../model/columns';

export const INSTRUCTIONS =
  'Press Enter to open the card. Press the space bar to lift it, the arrow keys to move it, the space bar again to drop it, and Escape to cancel.';

export const onDragStart = ({ source }: DragStart, { announce }: ResponderProvided) =>
  announce(`You have lifted the card at ${placeOf(source)}.`);

export const onDragUpdate = ({ destination }: DragUpdate, { announce }: ResponderProvided) =>
  announce(destination ? `The card is at ${placeOf(destination)}.` : 'The card is not over a column.');

export const announceEnd = ({ destination, reason }: DropResult, { announce }: ResponderProvided) =>
  announce(
    destination && reason === 'DROP'
      ? `You have dropped the card at ${placeOf(destination)}.`
      : 'The card is back at its old position.',
  );

const placeOf = ({ droppableId, index }: { droppableId: string; index: number }) =>
  `position ${index + 1} of ${COLUMNS.find(({ column }) => column === droppableId)?.name}`;
