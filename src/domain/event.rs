//! The history of a board: one event per change.

use serde::{Deserialize, Serialize};

use super::field_change::FieldChange;
use super::{
    BoardId, BoardRole, CardColumn, CardId, CommentId, LabelColor, LabelId, Rank, Timestamp,
    UserId, UserKey,
};

/// One change to a board. The sequence numbers of a board start at 1 and have no gaps.
#[derive(Clone, Debug)]
pub struct Event {
    /// The board.
    pub board_id: BoardId,
    /// The sequence number in the board's history. It equals the board's version after this event.
    pub sequence: i64,
    /// When the change happened.
    pub created_at: Timestamp,
    /// The user who made the change; `None` for the server itself and for deleted accounts.
    pub actor: Option<UserKey>,
    /// The ID that the actor's client has sent with the mutation.
    pub client_mutation_id: Option<String>,
    /// The kind and the details of the change.
    pub payload: EventPayload,
}

/// The kind and the details of a change. The objects it refers to may have been deleted since.
///
/// Stored as JSON: a released variant must keep its name and its fields. Fields that were added later are optional, because
/// events from before do not have them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
#[allow(missing_docs)]
pub enum EventPayload {
    BoardCreated,
    BoardUpdated {
        changes: Vec<FieldChange>,
    },
    BoardDeleted,
    BoardRestored,
    CardCreated {
        card: CardId,
    },
    CardUpdated {
        card: CardId,
        changes: Vec<FieldChange>,
    },
    CardMoved {
        card: CardId,
        from: CardColumn,
        to: CardColumn,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rank: Option<Rank>,
    },
    CardLabelsChanged {
        card: CardId,
        added: Vec<LabelColor>,
        removed: Vec<LabelColor>,
    },
    CardDeleted {
        card: CardId,
        title: String,
    },
    CardRestored {
        card: CardId,
    },
    ColumnReordered {
        column: CardColumn,
    },
    CardsPurged {
        cards: Vec<CardId>,
    },
    LabelCreated {
        label: LabelId,
        color: LabelColor,
        name: String,
    },
    LabelUpdated {
        label: LabelId,
        color: LabelColor,
        name: String,
        changes: Vec<FieldChange>,
    },
    LabelDeleted {
        label: LabelId,
        color: LabelColor,
        name: String,
    },
    MemberAdded {
        user: UserId,
        role: BoardRole,
    },
    MemberRoleChanged {
        user: UserId,
        from: BoardRole,
        to: BoardRole,
    },
    MemberRemoved {
        user: UserId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<RemovalReason>,
    },
    CommentAdded {
        card: CardId,
        comment: CommentId,
    },
    CommentUpdated {
        card: CardId,
        comment: CommentId,
    },
    CommentDeleted {
        card: CardId,
        comment: CommentId,
    },
}

impl EventPayload {
    /// The card whose history contains this event, if any.
    pub fn card(&self) -> Option<CardId> {
        match self {
            Self::CardCreated { card }
            | Self::CardUpdated { card, .. }
            | Self::CardMoved { card, .. }
            | Self::CardLabelsChanged { card, .. }
            | Self::CardDeleted { card, .. }
            | Self::CardRestored { card }
            | Self::CommentAdded { card, .. }
            | Self::CommentUpdated { card, .. }
            | Self::CommentDeleted { card, .. } => Some(*card),
            Self::BoardCreated
            | Self::BoardUpdated { .. }
            | Self::BoardDeleted
            | Self::BoardRestored
            | Self::ColumnReordered { .. }
            | Self::CardsPurged { .. }
            | Self::LabelCreated { .. }
            | Self::LabelUpdated { .. }
            | Self::LabelDeleted { .. }
            | Self::MemberAdded { .. }
            | Self::MemberRoleChanged { .. }
            | Self::MemberRemoved { .. } => None,
        }
    }

    /// What the event changes in the lists of cards. (Purged cards were in the trash before. The names and colours of
    /// labels do not belong to cards.)
    pub fn cards_change(&self) -> CardsChange {
        match self {
            Self::CardCreated { card }
            | Self::CardUpdated { card, .. }
            | Self::CardMoved { card, .. }
            | Self::CardLabelsChanged { card, .. }
            | Self::CardDeleted { card, .. }
            | Self::CardRestored { card } => CardsChange::Card(*card),
            Self::ColumnReordered { .. } | Self::LabelDeleted { .. } => CardsChange::Unknown,
            Self::BoardCreated
            | Self::BoardUpdated { .. }
            | Self::BoardDeleted
            | Self::BoardRestored
            | Self::CardsPurged { .. }
            | Self::LabelCreated { .. }
            | Self::LabelUpdated { .. }
            | Self::MemberAdded { .. }
            | Self::MemberRoleChanged { .. }
            | Self::MemberRemoved { .. }
            | Self::CommentAdded { .. }
            | Self::CommentUpdated { .. }
            | Self::CommentDeleted { .. } => CardsChange::None,
        }
    }

    /// Removes what was written on a card that is erased: its title, and the old and new values of its fields.
    pub fn erase_texts(&mut self) {
        match self {
            Self::CardDeleted { title, .. } => title.clear(),
            Self::CardUpdated { changes, .. } => {
                for change in changes {
                    (change.from, change.to) = (None, None);
                }
            }
            _ => {}
        }
    }
}

/// Why a user is no longer a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RemovalReason {
    /// They left the board.
    Left,
    /// An ADMIN removed them.
    Removed,
    /// Their account was deleted.
    AccountDeleted,
}

/// What an event changes in the lists of cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardsChange {
    /// No card that is listed.
    None,
    /// This card, or which lists have it.
    Card(CardId),
    /// Cards that the event does not name.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored events must stay readable in all later versions.
    #[test]
    fn the_stored_form_stays() {
        let change = EventPayload::CardMoved {
            card: CardId(7),
            from: CardColumn::Backlog,
            to: CardColumn::Doing,
            rank: None,
        };
        let json = r#"{"kind":"CARD_MOVED","card":7,"from":"BACKLOG","to":"DOING"}"#;
        assert_eq!(serde_json::to_string(&change).unwrap(), json);
        assert_eq!(serde_json::from_str::<EventPayload>(json).unwrap(), change);
        let user = UserId::random();
        let change = EventPayload::MemberAdded { user, role: BoardRole::Viewer };
        let json = format!(r#"{{"kind":"MEMBER_ADDED","user":"{user}","role":"VIEWER"}}"#);
        assert_eq!(serde_json::to_string(&change).unwrap(), json);
        assert_eq!(serde_json::from_str::<EventPayload>(&json).unwrap(), change);
        let json = r#"{"kind":"BOARD_CREATED"}"#;
        assert_eq!(serde_json::to_string(&EventPayload::BoardCreated).unwrap(), json);
    }
}
