import type { TouchEvent as ReactTouchEvent } from 'react';

/**
 * Call it when a touch begins on a card. A lifted card of a virtual list loses its element, and touches on an element
 * that is not in the page do not reach the window, where @hello-pangea/dnd listens. So they are sent there.
 */
export function keepTouches({ target }: ReactTouchEvent) {
  const ends = new AbortController();
  const options = { signal: ends.signal, passive: false };
  for (const type of ['touchmove', 'touchend', 'touchcancel'] as const) {
    const send = (event: TouchEvent) => {
      if (!(target as Element).isConnected && !window.dispatchEvent(copyOf(event))) event.preventDefault();
      if (type !== 'touchmove') ends.abort();
    };
    target.addEventListener(type, send as EventListener, options);
  }
}

function copyOf({ type, touches, targetTouches, changedTouches }: TouchEvent) {
  return new TouchEvent(type, {
    cancelable: true,
    touches: [...touches],
    targetTouches: [...targetTouches],
    changedTouches: [...changedTouches],
  });
}
