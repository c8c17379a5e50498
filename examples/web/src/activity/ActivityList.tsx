import { type FragmentOf, readFragment } from '../api/graphql';
import { Avatar } from '../ui/Avatar';
import { Time } from '../ui/Time';
import { describe } from './describe';
import { EVENT } from './event';

/** Events in words, in the order that they have. */
export function ActivityList({ events }: { events: readonly (FragmentOf<typeof EVENT> & { id: string })[] }) {
  return (
    <ol className="activity" aria-label="Activity">
      {events.map((data) => {
        const event = readFragment(EVENT, data);
        const actor = event.actor ?? { id: '', name: 'Somebody' };
        return (
          <li key={event.id}>
            <Avatar {...actor} />
            <span className="grow">
              <strong>{actor.name}</strong> {describe(event)}
              <small className="block">
                <Time at={event.createdAt} />
              </small>
            </span>
          </li>
        );
      })}
    </ol>
  );
}
