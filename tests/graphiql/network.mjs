// What the page finds behind https://unpkg.com/.

import { installed } from '../../graphiql/installed.mjs';

const TYPES = { js: 'text/javascript', css: 'text/css' };
const HOST = 'https://unpkg.com/';

function path(request) {
  const url = request.url();
  if (!url.startsWith(HOST)) throw new Error('an unexpected address');
  return url.slice(HOST.length);
}

/** The files of the installed packages. Their hashes must be those of the page. */
export const cdn = {
  async answer(request) {
    const body = await installed(path(request));
    const contentType = TYPES[path(request).split('.').at(-1)];
    return request.respond({ contentType, headers: { 'access-control-allow-origin': '*' }, body });
  },
  excuses: () => false,
};

/** Nothing: the page must not need it. */
export const nothing = {
  answer: async () => {
    throw new Error('an unexpected address');
  },
  excuses: () => false,
};

/** No way there: each connection fails. */
export const unreachable = {
  answer: async (request) => path(request) && request.abort('addressunreachable'),
  excuses: (message) => message.location().url?.startsWith(HOST),
};

/** No answer ever. */
export const silent = { ...unreachable, answer: async (request) => path(request) };
