import type { Session } from '../session/session.js';

const NAME = 'kanban-session';

let expired = '';

/** Puts an expired access token in the place of the valid one: the given one, or that of the last time. */
export function expire(session: Session, accessToken = expired) {
  expired = accessToken;
  const { refreshToken } = JSON.parse(localStorage.getItem(NAME) ?? '{}');
  session.start({ accessToken, refreshToken });
}
