import { useCallback } from 'react';
import type { TypedDocumentNode } from 'urql';
import { useAction, type Variables } from '../api/actions';
import { explain } from '../api/errors';
import { notify } from './notices';

/** A mutation without a form: an error is shown as a notice. Returns whether it has succeeded. */
export function useNotifyingAction<Data, Input>(document: TypedDocumentNode<Data, Variables<Input>>) {
  const act = useAction(document);
  return useCallback(
    async (input: Parameters<typeof act>[0]) => {
      const { error } = await act(input);
      if (error) notify(explain(error));
      return !error;
    },
    [act],
  );
}
