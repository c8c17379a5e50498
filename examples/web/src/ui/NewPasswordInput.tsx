import { TextInput } from './TextInput';

/** A password by the rules of the server, which browsers offer to generate. */
export const NewPasswordInput = ({ name, autoFocus }: { name: string; autoFocus?: boolean }) => (
  <TextInput
    label="Password"
    name={name}
    type="password"
    autoComplete="new-password"
    minLength={8}
    hint="At least 8 characters."
    isRequired
    autoFocus={autoFocus}
  />
);
