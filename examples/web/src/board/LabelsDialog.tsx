import { useAction } from '../api/actions';
import { graphql, readFragment } from '../api/graphql';
import { Dialog } from '../ui/Dialog';
import { SubmitForm } from '../ui/SubmitForm';
import { TextInput } from '../ui/TextInput';
import { COLOR_NAMES, LABEL, type LabelData } from '../model/labels';

const UPDATE_LABEL = graphql(
  `
  mutation UpdateLabel($input: UpdateLabelInput!) {
    updateLabel(input: $input) { label { id ...Label } }
  }
`,
  [LABEL],
);

/** Names the labels of the board. */
export function LabelsDialog({ labels: data, onClose }: { labels: readonly LabelData[]; onClose: () => void }) {
  const labels = readFragment(LABEL, data);
  const update = useAction(UPDATE_LABEL);
  async function save(values: Record<string, string>) {
    for (const { id, name } of labels) {
      if (values[id] === undefined || values[id] === name) continue;
      const { error } = await update({ labelId: id, name: values[id] });
      if (error) return error;
    }
    onClose();
  }
  return (
    <Dialog title="Labels" onClose={onClose}>
      <SubmitForm action="Save" onSubmit={save} onCancel={onClose}>
        {labels.map(({ id, color, name }) => (
          <div key={id} className="label-row">
            <span className={`swatch ${color.toLowerCase()}`} />
            <TextInput label={COLOR_NAMES[color]} name={id} defaultValue={name} maxLength={100} isLabelHidden placeholder={COLOR_NAMES[color]} />
          </div>
        ))}
      </SubmitForm>
    </Dialog>
  );
}
