// A client for GraphQL over HTTP.

/** Sends documents to `url` with an optional token; `variables` is JSON text, sent unchanged. */
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
