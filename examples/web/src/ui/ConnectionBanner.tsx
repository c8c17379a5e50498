import { useConnection } from '../api/connectionState';

const TEXTS = {
  open: '',
  lost: 'The connection is lost. Trying to connect again…',
  offline: 'You are offline. Your changes are sent when the connection is back.',
};

export function ConnectionBanner() {
  const connection = useConnection();
  return (
    <div className="banner" role="status" aria-label="Connection" hidden={connection === 'open'}>
      {TEXTS[connection]}
    </div>
  );
}
