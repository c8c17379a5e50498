//! What a commit has changed, in a form that fits into a notification of PostgreSQL.

use crate::domain::{BoardId, EventPayload, UserKey};

/// A board that a commit has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The board.
    pub board: BoardId,
    /// Whether lists of boards show the change: its title, its description, or whether the board is there.
    pub is_listed: bool,
    /// The users whose membership has changed.
    pub users: Vec<UserKey>,
}

impl Change {
    /// The change that the events record.
    pub fn of(board: BoardId, events: &[EventPayload], users: Vec<UserKey>) -> Self {
        let is_listed = |event: &EventPayload| {
            matches!(
                event,
                EventPayload::BoardCreated
                    | EventPayload::BoardUpdated { .. }
                    | EventPayload::BoardDeleted
                    | EventPayload::BoardRestored
            )
        };
        Self { board, is_listed: events.iter().any(is_listed), users }
    }

    /// The text of a notification: the key of the board, `l` if lists show the change, and the keys of users, each
    /// after `u`.
    pub fn to_text(&self) -> String {
        let listed = if self.is_listed { "l" } else { "" };
        let board = format!("{}{listed}", self.board.0);
        self.users.iter().fold(board, |text, user| format!("{text}u{}", user.0))
    }

    /// Reads such a text; `None` if a later version of the program has written it in another form.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split('u');
        let board = parts.next()?;
        let is_listed = board.ends_with('l');
        let board = BoardId(board.trim_end_matches('l').parse().ok()?);
        let users = parts.map(|user| user.parse().ok().map(UserKey));
        Some(Self { board, is_listed, users: users.collect::<Option<_>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_they_were_written() {
        for (is_listed, users) in [(false, vec![]), (true, vec![]), (true, vec![3, 41])] {
            let users = users.into_iter().map(UserKey).collect();
            let change = Change { board: BoardId(7), is_listed, users };
            assert_eq!(Change::from_text(&change.to_text()), Some(change));
        }
        for text in ["", "x", "7x", "7u", "7lu3ux"] {
            assert_eq!(Change::from_text(text), None, "{text}");
        }
    }
}
