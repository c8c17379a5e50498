import { Button, Label, ListBox, ListBoxItem, Popover, Select, SelectValue } from 'react-aria-components';

interface Props<Value extends string> {
  label: string;
  isLabelHidden?: boolean;
  value: Value;
  options: readonly { value: Value; name: string }[];
  onChange: (value: Value) => void;
}

/** A select with one value. */
export const Choice = <Value extends string>({ label, isLabelHidden, value, options, onChange }: Props<Value>) => (
  <Select className="field choice" value={value} onChange={(key) => onChange(key as Value)}>
    <Label className={isLabelHidden ? 'hidden' : 'label'}>{label}</Label>
    <Button className="button plain choice-button">
      <SelectValue />
      <span aria-hidden>▾</span>
    </Button>
    <Popover className="popover">
      <ListBox className="menu">
        {options.map((option) => (
          <ListBoxItem key={option.value} id={option.value} className="menu-item">
            {option.name}
          </ListBoxItem>
        ))}
      </ListBox>
    </Popover>
  </Select>
);
