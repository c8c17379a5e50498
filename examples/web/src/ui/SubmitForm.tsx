import { type FormEvent, type ReactNode, useState } from 'react';
import { Form } from 'react-aria-components';
import type { CombinedError } from 'urql';
import { explain } from '../api/errors';
import { Button } from './Button';

interface Props {
  /** The name of the button. */
  action: string;
  /** Gets the values by the names of the fields. */
  onSubmit: (values: Record<string, string>) => Promise<CombinedError | undefined>;
  onCancel?: () => void;
  children: ReactNode;
}

/** A form that shows the error of a field beside it, and another error above the button. */
export function SubmitForm({ action, onSubmit, onCancel, children }: Props) {
  const [error, setError] = useState<CombinedError>();
  const [isPending, setPending] = useState(false);
  const field = fieldOf(error);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    setPending(true);
    setError(await onSubmit(values));
    setPending(false);
  }

  return (
    <Form
      className="form"
      onSubmit={submit}
      validationErrors={error && field ? { [field]: explain(error) } : undefined}
    >
      {/* The next attempt begins without the error of the last one, which would prevent it. */}
      <div className="form" onInput={() => setError(undefined)}>
        {children}
      </div>
      {error && !field && (
        <p className="error" role="alert">
          {explain(error)}
        </p>
      )}
      <div className="buttons">
        {onCancel && <Button onPress={onCancel}>Cancel</Button>}
        <Button kind="primary" type="submit" isPending={isPending}>
          {action}
        </Button>
      </div>
    </Form>
  );
}

/** The name of the field that the error is about: the last name of its path. */
function fieldOf(error?: CombinedError) {
  const path = error?.graphQLErrors[0]?.extensions.field as (string | number)[] | undefined;
  return path?.findLast((part) => typeof part === 'string');
}
