import type { ReactNode } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { Button } from './Button';

interface Props {
  label: string;
  children?: ReactNode;
  items: { name: string; onAction: () => void }[];
}

/** A button that opens a menu. */
export const MenuButton = ({ label, children = '⋯', items }: Props) => (
  <MenuTrigger>
    <Button kind="quiet" aria-label={label}>
      {children}
    </Button>
    <Popover className="popover" placement="bottom end">
      <Menu className="menu" aria-label={label}>
        {items.map(({ name, onAction }) => (
          <MenuItem key={name} id={name} className="menu-item" onAction={onAction}>
            {name}
          </MenuItem>
        ))}
      </Menu>
    </Popover>
  </MenuTrigger>
);
