import { useAction } from '../api/actions';
import { graphql } from '../api/graphql';
import { Dialog } from '../ui/Dialog';
import { SubmitForm } from '../ui/SubmitForm';
import { TextInput } from '../ui/TextInput';

const UPDATE_BOARD = graphql(`
  mutation UpdateBoard($input: UpdateBoardInput!) {
    updateBoard(input: $input) { board { id title description } }
  }
`);

interface Props {
  id: string;
  title: string;
  description: string;
  onClose: () => void;
}

export function RenameBoardDialog({ id, title, description, onClose }: Props) {
  const update = useAction(UPDATE_BOARD);
  async function save(values: Record<string, string>) {
    const { error } = await update({ boardId: id, title: values.title, description: values.description });
    if (!error) onClose();
    return error;
  }
  return (
    <Dialog title="Rename board" onClose={onClose}>
      <SubmitForm action="Save" onSubmit={save} onCancel={onClose}>
        <TextInput label="Title" name="title" defaultValue={title} maxLength={500} isRequired autoFocus />
        <TextInput label="Description" name="description" defaultValue={description} rows={4} hint="Markdown" />
      </SubmitForm>
    </Dialog>
  );
}
