import { useCallback, useEffect, useState } from 'react';
import { type Client, type CombinedError, useClient } from 'urql';
import { explain, hasCode } from '../api/errors';
import { loadPages } from '../api/pages';
import { BOARD } from './documents';
import { followBoard } from './followBoard';

export type BoardState =
  | { is: 'loading' | 'open' | 'missing' }
  | { is: 'failed' | 'closed'; text: string };

/** Always the same object, so that a payload renders nothing but what it has changed. */
const OPEN: BoardState = { is: 'open' };

/**
 * Loads the board into the cache and keeps it up to date there. Follows the steps of docs/live.md: fetch the board with
 * its version, subscribe after this version, and fetch it again after a payload that asks for it.
 */
export function useLiveBoard(boardId: string) {
  const client = useClient();
  const [state, setState] = useState<BoardState>({ is: 'loading' });
  const [loads, setLoads] = useState(0);
  const load = useCallback(() => setLoads((count) => count + 1), []);

  // Each of the `loads` begins anew.
  useEffect(() => {
    let isCurrent = true;
    let stop = () => {};
    const fail = (error: CombinedError) => setState(stateOf(error));
    void loadBoard(client, boardId).then(({ version, error }) => {
      if (!isCurrent) return;
      if (error) return fail(error);
      if (version === undefined) return setState({ is: 'missing' });
      const onOpen = () => setState(OPEN);
      const onClose = (text: string) => setState({ is: 'closed', text });
      stop = followBoard(client, boardId, version, { onOpen, onReset: load, onClose, onError: fail });
    });
    return () => {
      isCurrent = false;
      stop();
    };
  }, [client, boardId, load, loads]);

  return { state, load };
}

/** The version is undefined if the user may not see the board. */
async function loadBoard(client: Client, boardId: string) {
  const { data, error } = await loadPages(client, BOARD, { boardId }, ({ board }) => board?.cards.pageInfo);
  return { version: data?.board?.version, error };
}

const stateOf = (error: CombinedError): BoardState =>
  hasCode(error, 'NOT_FOUND') ? { is: 'missing' } : { is: 'failed', text: explain(error) };
