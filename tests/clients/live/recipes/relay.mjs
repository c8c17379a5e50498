import { Environment, Network, Observable, RecordSource, Store } from 'relay-runtime';
import { connect as connectSocket } from './graphql_ws.mjs';

/** Subscriptions use a WebSocket, queries and mutations use HTTP. */
export function createNetwork(url, session) {
  const socket = connectSocket(url, session);
  const subscribe = ({ name, text }, variables) =>
    Observable.create((sink) => socket.subscribe({ operationName: name, query: text, variables }, sink));

  const send = async ({ name, text }, variables, token) => {
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json', Authorization: `Bearer ${token}` };
    const body = JSON.stringify({ operationName: name, query: text, variables });
    return (await fetch(url.replace(/^ws/, 'http'), { method: 'POST', headers, body })).json();
  };
  const execute = async (request, variables) => {
    const token = await session.accessToken();
    const answer = await send(request, variables, token);
    if (answer.errors?.[0].extensions.code !== 'UNAUTHENTICATED') return answer;
    // Another request may have renewed the token in the meantime.
    if (session.tokens.accessToken === token) session.refuse();
    return send(request, variables, await session.accessToken());
  };
  return Network.create(execute, subscribe);
}

export const createEnvironment = (url, session) =>
  new Environment({ network: createNetwork(url, session), store: new Store(new RecordSource()) });
