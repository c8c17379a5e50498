// What a browser has and Node.js 20 does not. The real locks are tested in a browser, by tabs.mjs.

import WebSocket from 'ws';

const stored = new Map<string, string>();
const queues = new Map<string, Promise<unknown>>();

const localStorage = {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => stored.set(key, value),
  removeItem: (key: string) => stored.delete(key),
};

const locks = {
  request(name: string, action: () => Promise<unknown>) {
    const result = (queues.get(name) ?? Promise.resolve()).then(action);
    queues.set(name, result.catch(() => {}));
    return result;
  },
};

export function provideBrowser() {
  Object.assign(globalThis, { WebSocket: globalThis.WebSocket ?? WebSocket });
  for (const [name, value] of Object.entries({ localStorage, navigator: { locks } })) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
}
