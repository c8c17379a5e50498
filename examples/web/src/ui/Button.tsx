import { Button as AriaButton, type ButtonProps } from 'react-aria-components';

interface Props extends ButtonProps {
  kind?: 'primary' | 'plain' | 'quiet' | 'danger';
  className?: string;
}

export const Button = ({ kind = 'plain', className = '', ...props }: Props) => (
  <AriaButton {...props} className={`button ${kind} ${className}`} />
);
