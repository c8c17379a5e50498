import { Button } from './Button';
import { Dialog } from './Dialog';

interface Props {
  title: string;
  text: string;
  /** The name of the button, for instance `Delete board`. */
  action: string;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something is deleted. */
export const Confirm = ({ title, text, action, onConfirm, onClose }: Props) => (
  <Dialog title={title} role="alertdialog" onClose={onClose}>
    <p>{text}</p>
    <div className="buttons">
      <Button onPress={onClose}>Cancel</Button>
      <Button
        kind="danger"
        onPress={() => {
          onConfirm();
          onClose();
        }}
      >
        {action}
      </Button>
    </div>
  </Dialog>
);
