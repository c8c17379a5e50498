// Relay needs its compiler for documents, so this uses its network only, which is what the recipe sets up.

import { Buffer } from 'node:buffer';
import { BOARD_EVENTS } from './recipes/documents.mjs';
import { createNetwork } from './recipes/relay.mjs';

export const connect = createNetwork;

const parameters = (text) => {
  const [, operationKind, name] = text.match(/(query|subscription) (\w+)/);
  return { operationKind, name, text, id: null, cacheID: Buffer.from(name).toString('hex'), metadata: {} };
};

export const query = (network) => async (text, variables) => {
  const { data, errors } = await network.execute(parameters(text), variables, { force: true }).toPromise();
  if (errors) throw new Error(errors[0].message);
  return data;
};

export function follow(network, copy) {
  const variables = { boardId: copy.boardId, afterSequence: copy.sequence };
  let applied = Promise.resolve();
  return new Promise((complete, error) => {
    const next = ({ data, errors }) => {
      if (errors) error(new Error(errors[0].message));
      else applied = applied.then(() => copy.apply(data.boardEvents)).catch(error);
    };
    network.execute(parameters(BOARD_EVENTS), variables, {}).subscribe({ next, error, complete });
  });
}
