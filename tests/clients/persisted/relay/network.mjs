import { Network, Observable } from 'relay-runtime';
import { connect } from '../../live/recipes/graphql_ws.mjs';

/** Sends the IDs that the Relay compiler has put in the place of the documents. */
export function createNetwork(url, session) {
  const socket = connect(url, session);
  // The WebSocket client needs a `query`, even if it is empty.
  const subscribe = ({ id }, variables) =>
    Observable.create((sink) => socket.subscribe({ query: '', documentId: id, variables }, sink));

  const execute = async ({ id }, variables) => {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${await session.accessToken()}` };
    const body = JSON.stringify({ documentId: id, variables });
    return (await fetch(url.replace(/^ws/, 'http'), { method: 'POST', headers, body })).json();
  };
  return Network.create(execute, subscribe);
}
