import { useClient, useQuery } from 'urql';
import { useLocation } from 'wouter';
import { graphql } from '../api/graphql';
import { Avatar } from '../ui/Avatar';
import { MenuButton } from '../ui/MenuButton';
import { logOut } from './logIn';

const VIEWER = graphql(`
  query Viewer { viewer { id name email } }
`);

/** Who is logged in, and the way out. */
export function UserMenu() {
  const client = useClient();
  const [, go] = useLocation();
  const [{ data }] = useQuery({ query: VIEWER });
  const viewer = data?.viewer;
  async function leave() {
    await logOut(client);
    go('/');
  }
  return (
    <MenuButton label={viewer ? `Account of ${viewer.name}` : 'Account'} items={[{ name: 'Log out', onAction: leave }]}>
      <Avatar name={viewer?.name ?? ''} id={viewer?.id ?? ''} />
    </MenuButton>
  );
}
