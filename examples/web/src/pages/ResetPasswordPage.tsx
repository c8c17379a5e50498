import { useState } from 'react';
import { useClient } from 'urql';
import { useLocation } from 'wouter';
import { logIn } from '../account/logIn';
import { resetPassword, takeToken } from '../account/recover';
import { NewPasswordInput } from '../ui/NewPasswordInput';
import { SubmitForm } from '../ui/SubmitForm';
import { usePageTitle } from '../ui/usePageTitle';
import { WelcomeFrame } from './WelcomeFrame';

/** The page of the link in a mail. */
export function ResetPasswordPage() {
  const client = useClient();
  const [, go] = useLocation();
  const [token] = useState(takeToken);
  usePageTitle('New password');

  async function reset({ newPassword = '' }) {
    const { data, error } = await resetPassword(client, { token, newPassword });
    const email = data?.resetPassword?.user.email;
    if (!email) return error;
    go('/', { replace: true });
    return logIn(client, { email, password: newPassword });
  }

  return (
    <WelcomeFrame title="New password">
      <SubmitForm action="Set the password" onSubmit={reset}>
        <NewPasswordInput name="newPassword" autoFocus />
      </SubmitForm>
    </WelcomeFrame>
  );
}
