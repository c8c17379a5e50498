import { useState } from 'react';
import { useAction } from '../api/actions';
import { hasCode } from '../api/errors';
import { type BoardRole, graphql } from '../api/graphql';
import { Choice } from '../ui/Choice';
import { notify } from '../ui/notices';
import { SubmitForm } from '../ui/SubmitForm';
import { TextInput } from '../ui/TextInput';

export const ROLES: readonly { value: BoardRole; name: string }[] = [
  { value: 'ADMIN', name: 'Admin' },
  { value: 'MEMBER', name: 'Member' },
  { value: 'VIEWER', name: 'Viewer' },
];

export const SHARE_BOARD = graphql(`
  mutation ShareBoard($input: ShareBoardInput!) {
    shareBoard(input: $input) { memberEdge { cursor node { id name } } }
  }
`);

/** Makes the owner of an e-mail address a member. */
export function ShareForm({ boardId }: { boardId: string }) {
  const [role, setRole] = useState<BoardRole>('MEMBER');
  const [shares, setShares] = useState(0);
  const share = useAction(SHARE_BOARD);

  async function submit({ email = '' }: Record<string, string>) {
    const { data, error } = await share({ boardId, email, role });
    if (!error) {
      setShares(shares + 1);
      notify(`${data?.shareBoard?.memberEdge.node.name ?? email} is a member now.`);
    }
    if (hasCode(error, 'NOT_FOUND')) notify(`Nobody has the address ${email}.`);
    return error;
  }

  return (
    <SubmitForm key={shares} action="Share" onSubmit={submit}>
      <div className="share-row">
        <TextInput label="E-mail address" name="email" type="email" isRequired />
        <Choice label="Role" value={role} options={ROLES} onChange={setRole} />
      </div>
    </SubmitForm>
  );
}
