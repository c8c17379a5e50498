// Short messages at the foot of the page, which disappear by themselves.

import { useSyncExternalStore } from 'react';
import { Button } from './Button';

const DURATION = 8_000;

interface Notice {
  id: number;
  text: string;
}

let notices: readonly Notice[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

export function notify(text: string) {
  lastId += 1;
  const id = lastId;
  set([...notices.filter((one) => one.text !== text), { id, text }]);
  setTimeout(() => dismiss(id), DURATION);
}

const dismiss = (id: number) => set(notices.filter((one) => one.id !== id));

function set(next: readonly Notice[]) {
  notices = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Notices() {
  const shown = useSyncExternalStore(subscribe, () => notices);
  return (
    <div className="notices" role="status">
      {shown.map(({ id, text }) => (
        <div key={id} className="notice">
          <span>{text}</span>
          <Button kind="quiet" aria-label="Dismiss" onPress={() => dismiss(id)}>
            ×
          </Button>
        </div>
      ))}
    </div>
  );
}
