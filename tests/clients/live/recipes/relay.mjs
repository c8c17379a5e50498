import { Environment, Network, Observable, RecordSource, Store } from 'relay-runtime';
import { connect as connectSocket } from './graphql_ws.mjs';

/** Subscriptions use a WebSocket, queries and mutations use HTTP. */
export function createNetwork(url, session) {
  const socket = connectSocket(url, session);
  const subscribe = ({ name, text }, variables) =>
    Observable.create((sink) => socket.subscribe({ operationName: name, query: text, variables }, sink));
  const execute = async ({ name, text }, variables) => {
    const headers = {
      'Content-Type': 'application/json',
      Accept: 'application/json',
      Authorization: `Bearer ${await session.accessToken()}`,
    };
    const body = JSON.stringify({ operationName: name, query: text, variables });
    return (await fetch(url.replace(/^ws/, 'http'), { method: 'POST', headers, body })).json();
  };
  return Network.create(execute, subscribe);
}

export const createEnvironment = (url, session) =>
  new Environment({ network: createNetwork(url, session), store: new Store(new RecordSource()) });
