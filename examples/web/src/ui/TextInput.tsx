import { FieldError, Input, Label, Text, TextArea, TextField, type TextFieldProps } from 'react-aria-components';

interface Props extends TextFieldProps {
  label: string;
  hint?: string;
  /** The number of lines; one line by default. */
  rows?: number;
  isLabelHidden?: boolean;
  placeholder?: string;
}

/** A field of a form with its label and its error. */
export const TextInput = ({ label, hint, rows, isLabelHidden, placeholder, ...props }: Props) => (
  <TextField {...props} className="field">
    <Label className={isLabelHidden ? 'hidden' : 'label'}>{label}</Label>
    {rows ? <TextArea rows={rows} placeholder={placeholder} /> : <Input placeholder={placeholder} />}
    {hint && (
      <Text slot="description" className="hint">
        {hint}
      </Text>
    )}
    <FieldError className="error" />
  </TextField>
);
