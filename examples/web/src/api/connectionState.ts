// Whether the live connection is open, for the banner.

import { useSyncExternalStore } from 'react';

export type Connection = 'open' | 'lost' | 'offline';

let isLost = false;
const listeners = new Set<() => void>();

function notify() {
  for (const listener of listeners) listener();
}

window.addEventListener('online', notify);
window.addEventListener('offline', notify);

export function setLost(value: boolean) {
  isLost = value;
  notify();
}

function current(): Connection {
  if (!navigator.onLine) return 'offline';
  return isLost ? 'lost' : 'open';
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useConnection = () => useSyncExternalStore(subscribe, current);
