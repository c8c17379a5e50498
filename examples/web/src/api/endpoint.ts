// The element <base> of index.html says below which path the server is.

export const GRAPHQL_URL = new URL('graphql', document.baseURI).href;

/** For the router: the path without the slash at its end. */
export const BASE_PATH = new URL(document.baseURI).pathname.replace(/\/$/, '');
