import { readFileSync } from 'node:fs';

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');

export const BOARD = read('board.graphql');
export const BOARD_EVENTS = read('board_events.graphql');
