import { Button } from './Button';
import { Time } from './Time';

interface Props {
  label: string;
  /** Undefined until they are loaded. */
  items?: readonly { id: string; title: string; deletedAt: string | null }[];
  onRestore: (id: string) => void;
}

/** Deleted things that can be restored. */
export const TrashList = ({ label, items, onRestore }: Props) => (
  <>
    {items?.length === 0 && <p className="empty">The trash is empty.</p>}
    <ul className="rows" aria-label={label}>
      {items?.map(({ id, title, deletedAt }) => (
        <li key={id}>
          <span className="grow">
            {title} <small>{deletedAt && <Time at={deletedAt} />}</small>
          </span>
          <Button aria-label={`Restore ${title}`} onPress={() => onRestore(id)}>
            Restore
          </Button>
        </li>
      ))}
    </ul>
  </>
);
