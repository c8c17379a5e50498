import { useEffect, useState } from 'react';
import { type CombinedError, useClient } from 'urql';
import { Link } from 'wouter';
import { takeToken, verifyEmail } from '../account/recover';
import { explain } from '../api/errors';
import { usePageTitle } from '../ui/usePageTitle';
import { WelcomeFrame } from './WelcomeFrame';

/** The page of the link in a mail. */
export function VerifyEmailPage() {
  const client = useClient();
  const [token] = useState(takeToken);
  const [result, setResult] = useState<{ error?: CombinedError }>();
  usePageTitle('E-mail address');
  useEffect(() => {
    verifyEmail(client, token).then(setResult);
  }, [client, token]);

  return (
    <WelcomeFrame title="E-mail address">
      <p role="status">{result ? describe(result) : 'One moment …'}</p>
      <p>
        <Link href="/">My boards</Link>
      </p>
    </WelcomeFrame>
  );
}

const describe = ({ error }: { error?: CombinedError }) => (error ? explain(error) : 'Your e-mail address is verified.');
