import { useClient } from 'urql';
import { Link } from 'wouter';
import { session } from '../api/session';
import { SubmitForm } from '../ui/SubmitForm';
import { TextInput } from '../ui/TextInput';
import { usePageTitle } from '../ui/usePageTitle';
import { logIn } from '../account/logIn';
import { WelcomeFrame } from './WelcomeFrame';

export function LogInPage() {
  const client = useClient();
  usePageTitle('Log in');
  return (
    <WelcomeFrame title="Log in">
      {session.hasExpired && (
        <p className="message" role="status">
          Your session has ended. Log in again to go on where you were.
        </p>
      )}
      <SubmitForm action="Log in" onSubmit={({ email = '', password = '' }) => logIn(client, { email, password })}>
        <TextInput label="E-mail address" name="email" type="email" autoComplete="username" isRequired autoFocus />
        <TextInput label="Password" name="password" type="password" autoComplete="current-password" isRequired />
      </SubmitForm>
      <p>
        No account yet? <Link href="/sign-up">Sign up</Link>
      </p>
      <p>
        <Link href="/forgot-password">Forgot the password?</Link>
      </p>
    </WelcomeFrame>
  );
}
