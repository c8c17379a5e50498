import { readFragment } from '../api/graphql';
import { LABEL, type LabelData, labelName } from '../model/labels';

export function LabelChip({ label: data }: { label: LabelData }) {
  const label = readFragment(LABEL, data);
  return <span className={`label-chip ${label.color.toLowerCase()}`}>{labelName(label)}</span>;
}
