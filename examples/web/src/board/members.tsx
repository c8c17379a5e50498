import { useQuery } from 'urql';
import { graphql } from '../api/graphql';
import { Avatar } from '../ui/Avatar';

export const MEMBERS = graphql(`
  query Members($boardId: ID!) {
    board(id: $boardId) {
      id
      members(first: 200) {
        edges { cursor role node { id name email } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`);

const SHOWN = 4;

/** The first members of the board. The dialog has all of them. */
export function MemberAvatars({ boardId }: { boardId: string }) {
  const [{ data }] = useQuery({ query: MEMBERS, variables: { boardId } });
  return (
    <span className="avatars" aria-hidden>
      {data?.board?.members.edges.slice(0, SHOWN).map(({ node }) => (
        <Avatar key={node.id} {...node} />
      ))}
    </span>
  );
}
