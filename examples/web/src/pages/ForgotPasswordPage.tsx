import { useState } from 'react';
import { useClient } from 'urql';
import { Link } from 'wouter';
import { requestPasswordReset } from '../account/recover';
import { SubmitForm } from '../ui/SubmitForm';
import { TextInput } from '../ui/TextInput';
import { usePageTitle } from '../ui/usePageTitle';
import { WelcomeFrame } from './WelcomeFrame';

export function ForgotPasswordPage() {
  const client = useClient();
  const [isRequested, setRequested] = useState(false);
  usePageTitle('New password');

  async function request({ email = '' }) {
    const { data, error } = await requestPasswordReset(client, email);
    setRequested(Boolean(data?.requestPasswordReset));
    return error;
  }

  return (
    <WelcomeFrame title="New password">
      {isRequested ? (
        <p role="status">If this address has an account, a mail is on its way. Its link is valid for 30 minutes.</p>
      ) : (
        <SubmitForm action="Send a mail" onSubmit={request}>
          <TextInput label="E-mail address" name="email" type="email" autoComplete="username" isRequired autoFocus />
        </SubmitForm>
      )}
      <p>
        <Link href="/">Log in</Link>
      </p>
    </WelcomeFrame>
  );
}
