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

/** A form that shows the error of one of its fields beside it, and another error above the button. */
export function SubmitForm({ action, onSubmit, onCancel, children }: Props) {
  const [{ error, field }, setProblem] = useState<{ error?: CombinedError; field?: string }>({});
  const [isPending, setPending] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const values = Object.fromEntries(new FormData(form)) as Record<string, string>;
    setPending(true);
    const error = await onSubmit(values);
    const name = fieldOf(error);
    setProblem({ error, field: name && form.elements.namedItem(name) ? name : undefined });
    setPending(false);
  }

  return (
    <Form
      className="form"
      onSubmit={submit}
      validationErrors={error && field ? { [field]: explain(error) } : undefined}
    >
      {/* The next attempt begins without the error of the last one, which would prevent it. */}
      <div className="form" onInput={() => setProblem({})}>
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
