import type { CardColumn, LabelColor, ResultOf } from '../api/graphql';
import { COLOR_NAMES, labelName } from '../model/labels';
import { COLUMNS } from '../model/columns';
import type { EVENT } from './event';

const ROLE_NAMES = { ADMIN: 'admin', MEMBER: 'member', VIEWER: 'viewer' };

/** What the actor has done, in words that follow the name. */
export function describe(event: ResultOf<typeof EVENT>): string {
  switch (event.__typename) {
    case 'BoardCreatedEvent':
      return 'created the board';
    case 'BoardUpdatedEvent':
      return `changed ${fieldsOf(event.changes)} of the board`;
    case 'BoardDeletedEvent':
      return 'deleted the board';
    case 'BoardRestoredEvent':
      return 'restored the board';
    case 'CardCreatedEvent':
      return `created ${quote(event.card)}`;
    case 'CardUpdatedEvent':
      return `changed ${fieldsOf(event.changes)} of ${quote(event.card)}`;
    case 'CardMovedEvent':
      return event.fromColumn === event.toColumn
        ? `moved ${quote(event.card)} within ${nameOf(event.toColumn)}`
        : `moved ${quote(event.card)} from ${nameOf(event.fromColumn)} to ${nameOf(event.toColumn)}`;
    case 'CardLabelsChangedEvent':
      return `changed labels of ${quote(event.card)}: ${labelsOf(event.added, event.removed)}`;
    case 'CardDeletedEvent':
      return `deleted “${event.title}”`;
    case 'CardRestoredEvent':
      return `restored ${quote(event.card)}`;
    case 'CardsPurgedEvent':
      return 'erased cards whose time in the trash had ended';
    case 'ColumnReorderedEvent':
      return `made space in ${nameOf(event.column)}`;
    case 'CommentAddedEvent':
      return `commented on ${quote(event.card)}`;
    case 'CommentUpdatedEvent':
      return `changed a comment on ${quote(event.card)}`;
    case 'CommentDeletedEvent':
      return `deleted a comment on ${quote(event.card)}`;
    case 'LabelCreatedEvent':
      return `created the label ${labelName(event)}`;
    case 'LabelUpdatedEvent':
      return `changed the label ${labelName(event)}`;
    case 'LabelDeletedEvent':
      return `deleted the label ${labelName(event)}`;
    case 'MemberAddedEvent':
      return `added ${event.user?.name ?? 'a user'} as ${ROLE_NAMES[event.role]}`;
    case 'MemberRoleChangedEvent':
      return `made ${event.user?.name ?? 'a user'} ${ROLE_NAMES[event.to]}`;
    case 'MemberRemovedEvent':
      return event.reason === 'LEFT' ? 'left the board' : `removed ${event.user?.name ?? 'a user'}`;
    default:
      // A later version of the server can have more types of events.
      return 'changed the board';
  }
}

const quote = (card: { title: string } | null) => (card ? `“${card.title}”` : 'a deleted card');

const nameOf = (column: CardColumn) => COLUMNS.find((one) => one.column === column)?.name;

const fieldsOf = (changes: readonly { fieldName: string }[]) =>
  changes.map(({ fieldName }) => `the ${fieldName.toLowerCase()}`).join(' and ');

const labelsOf = (added: readonly LabelColor[], removed: readonly LabelColor[]) =>
  [...added.map((color) => `+${COLOR_NAMES[color]}`), ...removed.map((color) => `−${COLOR_NAMES[color]}`)].join(', ');
