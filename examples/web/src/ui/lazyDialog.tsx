import { type ComponentType, lazy, Suspense } from 'react';
import { Button } from './Button';
import { Dialog } from './Dialog';

interface DialogProps {
  onClose: () => void;
}

/** A dialog whose code is loaded when it is first opened, so that the page itself is there sooner. */
export function lazyDialog<Props extends DialogProps>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const Loaded = lazy<ComponentType<DialogProps>>(() =>
    load().then(
      (dialog) => ({ default: dialog as ComponentType<DialogProps> }),
      () => ({ default: NotLoaded }),
    ),
  );
  return (props) => (
    <Suspense fallback={<Loading />}>
      <Loaded {...props} />
    </Suspense>
  );
}

const Loading = () => (
  <div className="notices" role="status">
    <p className="notice">Loading…</p>
  </div>
);

/** A new version of the pages has other files. The user decides when to reload: a text may not be saved yet. */
const NotLoaded = ({ onClose }: DialogProps) => (
  <Dialog title="Reload the page" role="alertdialog" onClose={onClose}>
    <p>This part of the page could not be loaded. There is a new version of it, or the server does not answer.</p>
    <div className="buttons">
      <Button onPress={onClose}>Cancel</Button>
      <Button kind="primary" onPress={() => location.reload()}>
        Reload
      </Button>
    </div>
  </Dialog>
);
