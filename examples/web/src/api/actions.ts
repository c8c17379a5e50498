import { useCallback } from 'react';
import { type CombinedError, type TypedDocumentNode, useClient } from 'urql';
import { wasApplied } from './errors';

export interface Variables<Input> {
  input: Input;
}

export type Action<Data, Input> = (input: Omit<Input, 'clientMutationId'>) => Promise<{ data?: Data; error?: CombinedError }>;

/**
 * A function that sends a mutation. Each call has an ID of its own, so that the exchange for retries may send it again
 * and it takes effect once. See docs/errors.md.
 */
export function useAction<Data, Input>(document: TypedDocumentNode<Data, Variables<Input>>): Action<Data, Input> {
  const client = useClient();
  return useCallback(
    async (input) => {
      const withId = { ...input, clientMutationId: crypto.randomUUID() } as Input;
      const { data, error } = await client.mutation(document, { input: withId }).toPromise();
      return { data, error: error && wasApplied(error) ? undefined : error };
    },
    [client, document],
  );
}
