// Speaks GraphQL over HTTP with the server.

/** Sends documents to `url` for whom the token stands; `variables` is JSON text, sent as it is written. */
export function client(url, token) {
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  return async ({ query, variables, operationName }) => {
    const name = operationName === undefined ? '' : `,"operationName":${JSON.stringify(operationName)}`;
    const body = `{"query":${JSON.stringify(query)},"variables":${variables ?? 'null'}${name}}`;
    const response = await fetch(url, { method: 'POST', headers, body });
    return JSON.parse(await response.text());
  };
}
