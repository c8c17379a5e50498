import { Input, Label, SearchField, ToggleButton } from 'react-aria-components';
import { readFragment } from '../api/graphql';
import { Button } from '../ui/Button';
import { type Filter, NO_FILTER } from '../model/columns';
import { LABEL, type LabelData, labelName } from '../model/labels';

interface Props {
  labels: readonly LabelData[];
  filter: Filter;
  onChange: (filter: Filter) => void;
}

/** Shows only some of the cards. */
export function FilterBar({ labels, filter, onChange }: Props) {
  const { text, colors } = filter;
  const isFiltered = Boolean(text) || colors.length > 0;
  return (
    <search className="filter-bar" aria-label="Filter of the cards">
      <SearchField className="search" value={text} onChange={(value) => onChange({ ...filter, text: value })}>
        <Label className="hidden">Search cards</Label>
        <Input placeholder="Search cards" maxLength={500} />
      </SearchField>
      <fieldset className="filter-labels" aria-label="Labels">
        {readFragment(LABEL, labels).map((label) => (
          <ToggleButton
            key={label.id}
            className={`label-toggle ${label.color.toLowerCase()}`}
            isSelected={colors.includes(label.color)}
            onChange={(isSelected) =>
              onChange({
                ...filter,
                colors: isSelected ? [...colors, label.color] : colors.filter((color) => color !== label.color),
              })
            }
          >
            {labelName(label)}
          </ToggleButton>
        ))}
      </fieldset>
      {isFiltered && (
        <Button kind="quiet" onPress={() => onChange(NO_FILTER)}>
          Clear filter
        </Button>
      )}
    </search>
  );
}
