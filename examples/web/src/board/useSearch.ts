import { useEffect, useState } from 'react';
import { useClient } from 'urql';
import { graphql } from '../api/graphql';
import type { CardData } from './CardTile';

const SEARCH = graphql(`
  query SearchCards($boardId: ID!, $text: String!) {
    board(id: $boardId) {
      id
      cards(first: 1000, filter: { text: $text }) { nodes { id } }
    }
  }
`);

/** After the last letter or change. */
const DELAY = 300;
const NOTHING = { text: '', ids: new Set<string>() };

/** The IDs of the cards with this text. Descriptions are on the server only, so it is asked again after a change. */
export function useSearch(boardId: string, text: string, cards: readonly CardData[]): ReadonlySet<string> {
  const client = useClient();
  const [found, setFound] = useState(NOTHING);
  // Changed `cards` are a reason to ask again.
  useEffect(() => {
    if (!text) return;
    let isCurrent = true;
    const timer = setTimeout(async () => {
      const { data } = await client.query(SEARCH, { boardId, text }, { requestPolicy: 'network-only' }).toPromise();
      if (isCurrent && data?.board) setFound({ text, ids: new Set(data.board.cards.nodes.map(({ id }) => id)) });
    }, DELAY);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [client, boardId, text, cards]);
  return found.text === text ? found.ids : NOTHING.ids;
}
