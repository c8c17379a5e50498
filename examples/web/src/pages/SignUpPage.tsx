import { useClient } from 'urql';
import { Link } from 'wouter';
import { NewPasswordInput } from '../ui/NewPasswordInput';
import { SubmitForm } from '../ui/SubmitForm';
import { TextInput } from '../ui/TextInput';
import { usePageTitle } from '../ui/usePageTitle';
import { signUp } from '../account/logIn';
import { WelcomeFrame } from './WelcomeFrame';

export function SignUpPage() {
  const client = useClient();
  usePageTitle('Sign up');
  return (
    <WelcomeFrame title="Sign up">
      <SubmitForm
        action="Sign up"
        onSubmit={({ email = '', password = '', name }) => signUp(client, { email, password, name: name || undefined })}
      >
        <TextInput label="Name" name="name" autoComplete="name" hint="What other members of a board see." autoFocus />
        <TextInput label="E-mail address" name="email" type="email" autoComplete="username" isRequired />
        <NewPasswordInput name="password" />
      </SubmitForm>
      <p>
        You have an account? <Link href="/">Log in</Link>
      </p>
    </WelcomeFrame>
  );
}
