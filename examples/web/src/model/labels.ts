import { type FragmentOf, graphql, type LabelColor } from '../api/graphql';

export const LABEL = graphql(`
  fragment Label on Label { id color name }
`);

/** The fragment before `readFragment(LABEL, …)`. */
export type LabelData = FragmentOf<typeof LABEL>;

export const COLOR_NAMES: Record<LabelColor, string> = {
  RED: 'Red',
  ORANGE: 'Orange',
  YELLOW: 'Yellow',
  GREEN: 'Green',
  BLUE: 'Blue',
  PURPLE: 'Purple',
  GRAY: 'Grey',
};

/** What people call the label. A label without a name is known by its colour. */
export const labelName = ({ name, color }: { name: string; color: LabelColor }) => name || COLOR_NAMES[color];
