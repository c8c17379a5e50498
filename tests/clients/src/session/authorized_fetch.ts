import type { Session } from './session.js';

/** `fetch` with the access token. When the server refuses the token, it is replaced, and the request is sent again. */
export function authorizedFetch(session: Session): typeof fetch {
  return async (resource, options) => {
    const send = (token?: string) => {
      const headers = new Headers(options?.headers);
      if (token) headers.set('Authorization', `Bearer ${token}`);
      return fetch(resource, { ...options, headers });
    };
    const token = session.accessToken;
    const response = await send(token);
    // A refused request has changed nothing.
    return response.status === 401 && token ? send(await session.refresh(token)) : response;
  };
}
