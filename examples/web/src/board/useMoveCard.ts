import { useCallback } from 'react';
import { useClient } from 'urql';
import { useAction } from '../api/actions';
import { explain, hasCode } from '../api/errors';
import { type CardColumn, graphql } from '../api/graphql';
import { notify } from '../ui/notices';
import { CARD_TILE, type CardData } from './CardTile';

const MOVE_CARD = graphql(`
  mutation MoveCard($input: MoveCardInput!) {
    moveCard(input: $input) { card { id column rank version } }
  }
`);

const CARD = graphql(
  `
  query CardNow($cardId: ID!) { card(id: $cardId) { ...CardTile } }
`,
  [CARD_TILE],
);

interface Position {
  column: CardColumn;
  /** The cards above and below the new position. Without them it is the end of the column. */
  above?: CardData;
  below?: CardData;
}

/** Moves a card, which is shown at once. If another user has changed it in the meantime, it is shown as it is now. */
export function useMoveCard() {
  const client = useClient();
  const move = useAction(MOVE_CARD);
  return useCallback(
    async ({ id: cardId, title, version }: Pick<CardData, 'id' | 'title' | 'version'>, { column, above, below }: Position) => {
      const { error } = await move({
        cardId,
        column,
        afterCardId: above?.id,
        beforeCardId: below?.id,
        expectedVersion: version,
      });
      if (!error) return;
      if (hasCode(error, 'CONFLICT')) {
        notify(`Somebody else has changed “${title}” in the meantime. It is shown as it is now.`);
        await client.query(CARD, { cardId }, { requestPolicy: 'network-only' }).toPromise();
      } else {
        notify(`“${title}” was not moved. ${explain(error)}`);
      }
    },
    [client, move],
  );
}
