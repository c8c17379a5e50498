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

/** The version of each card whose move has not been answered yet, when it is. Undefined if the move has failed. */
const answers = new Map<string, Promise<number | undefined>>();

/** Moves a card, which is shown at once. If another user has changed it in the meantime, it is shown as it is now. */
export function useMoveCard() {
  const client = useClient();
  const send = useAction(MOVE_CARD);

  return useCallback(
    async (card: Pick<CardData, 'id' | 'title' | 'version'>, { column, above, below }: Position) => {
      const { id: cardId, title } = card;
      // A second move waits for the first one: only its answer has the version that the second one is based on.
      const pending = answers.get(cardId);
      const expectedVersion = pending ? await pending : card.version || undefined;
      const sent = send({ cardId, column, afterCardId: above?.id, beforeCardId: below?.id, expectedVersion });
      const answer = sent.then(({ data }) => data?.moveCard?.card.version);
      answers.set(cardId, answer);
      const { error } = await sent;
      if (answers.get(cardId) === answer) answers.delete(cardId);
      if (!error) return;
      if (hasCode(error, 'CONFLICT')) {
        notify(`Somebody else has changed “${title}” in the meantime. It is shown as it is now.`);
        await client.query(CARD, { cardId }, { requestPolicy: 'network-only' }).toPromise();
      } else {
        notify(`“${title}” was not moved. ${explain(error)}`);
      }
    },
    [client, send],
  );
}
