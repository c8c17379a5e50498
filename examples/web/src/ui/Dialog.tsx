import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Button } from './Button';

interface Props {
  title: string;
  onClose: () => void;
  size?: 'small' | 'large';
  role?: 'dialog' | 'alertdialog';
  children: ReactNode;
}

/** Is open as long as it is rendered. Escape and a press beside it close it. */
export const Dialog = ({ title, onClose, size = 'small', role = 'dialog', children }: Props) => (
  <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={onClose}>
    <Modal className={`modal ${size}`}>
      <AriaDialog className="dialog" role={role}>
        <header className="dialog-header">
          <Heading slot="title">{title}</Heading>
          <Button kind="quiet" aria-label="Close" onPress={onClose}>
            ×
          </Button>
        </header>
        {children}
      </AriaDialog>
    </Modal>
  </ModalOverlay>
);
