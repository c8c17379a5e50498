import { useEffect, useState, useSyncExternalStore } from 'react';
import { Provider } from 'urql';
import { Redirect, Route, Router, Switch } from 'wouter';
import { createClient } from './api/client';
import { BASE_PATH } from './api/endpoint';
import { session } from './api/session';
import { BoardPage } from './pages/BoardPage';
import { BoardsPage } from './pages/BoardsPage';
import { ForgotPasswordPage } from './pages/ForgotPasswordPage';
import { LogInPage } from './pages/LogInPage';
import { NotFoundPage } from './pages/NotFoundPage';
import { ResetPasswordPage } from './pages/ResetPasswordPage';
import { SignUpPage } from './pages/SignUpPage';
import { VerifyEmailPage } from './pages/VerifyEmailPage';
import { ConnectionBanner } from './ui/ConnectionBanner';
import { Notices } from './ui/notices';

export function App() {
  const userId = useSyncExternalStore(session.subscribe, () => session.userId);
  return (
    <>
      <AppOfUser key={userId} isLoggedIn={userId !== undefined} />
      <Notices />
    </>
  );
}

/** Each user has a client of their own: nobody sees the cache of another user. */
function AppOfUser({ isLoggedIn }: { isLoggedIn: boolean }) {
  const [{ client, dispose }] = useState(createClient);
  useEffect(() => dispose, [dispose]);
  return (
    <Provider value={client}>
      <Router base={BASE_PATH}>{isLoggedIn ? <Pages /> : <PagesWithoutSession />}</Router>
    </Provider>
  );
}

/** The pages of the links in mails, for whoever is logged in. */
const linkedPages = [
  <Route key="reset" path="/reset-password">
    <ResetPasswordPage />
  </Route>,
  <Route key="verify" path="/verify-email">
    <VerifyEmailPage />
  </Route>,
];

const Pages = () => (
  <>
    <ConnectionBanner />
    <Switch>
      <Route path="/">
        <BoardsPage />
      </Route>
      <Route path="/boards/:boardId/*?">{({ boardId }) => <BoardPage key={boardId} boardId={boardId} />}</Route>
      <Route path="/sign-up">
        <Redirect to="/" />
      </Route>
      {linkedPages}
      <Route>
        <NotFoundPage />
      </Route>
    </Switch>
  </>
);

/** The address stays as it is, so that the user comes back to it after the log-in. */
const PagesWithoutSession = () => (
  <Switch>
    <Route path="/sign-up">
      <SignUpPage />
    </Route>
    <Route path="/forgot-password">
      <ForgotPasswordPage />
    </Route>
    {linkedPages}
    <Route>
      <LogInPage />
    </Route>
  </Switch>
);
