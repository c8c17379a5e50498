import type { Client, CombinedError } from '@urql/core';
import { CARD, type CARD_PARTS, CREATE_CARD, MOVE_CARD } from '../tada/documents.js';
import type { ErrorCode, ResultOf, VariablesOf } from '../tada/graphql.js';

type Card = ResultOf<typeof CARD_PARTS>;
type CardInput = VariablesOf<typeof CREATE_CARD>['input']['card'];

const CONFLICT: ErrorCode = 'CONFLICT';
const isConflict = (error?: CombinedError) => error?.graphQLErrors[0]?.extensions.code === CONFLICT;

/** Creates a card. The cache shows it at the end of its column. */
export const createCard = (client: Client, boardId: string, card: CardInput) =>
  client.mutation(CREATE_CARD, { input: { boardId, card, clientMutationId: crypto.randomUUID() } }).toPromise();

/** Moves a card to the end of a column, which is shown at once. If it fails, the card is shown where it was. */
export async function moveCard(client: Client, { id: cardId, version }: Card, column: Card['column']) {
  const input = { cardId, column, expectedVersion: version, clientMutationId: crypto.randomUUID() };
  const result = await client.mutation(MOVE_CARD, { input }).toPromise();
  // Another user has changed the card: show what it is now.
  if (isConflict(result.error)) await client.query(CARD, { cardId }, { requestPolicy: 'network-only' });
  return result;
}
