//! Boards and who may use them.

use super::{
    BoardId, BoardRole, Description, Direction, LabelColor, LabelName, Timestamp, Title, User,
};

/// A Kanban board.
#[derive(Clone, Debug)]
pub struct Board {
    /// Key.
    pub id: BoardId,
    /// Its title.
    pub title: String,
    /// Markdown; may be empty. `None` where it was left unread, which is never so in a transaction that writes.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it, or anything on it, last changed.
    pub updated_at: Timestamp,
    /// The sequence of its latest event.
    pub version: i64,
    /// When it was put into the trash; `None` while it is in use.
    pub deleted_at: Option<Timestamp>,
}

/// One who may use a board.
#[derive(Clone, Debug)]
pub struct Member {
    /// The account.
    pub user: User,
    /// Since when.
    pub since: Timestamp,
    /// What they may do.
    pub role: BoardRole,
}

/// What a board is made of.
#[derive(Debug)]
pub struct NewBoard {
    /// Its title.
    pub title: Title,
    /// Its description.
    pub description: Description,
}

/// What shall change about a board; `None` stays as it is.
#[derive(Debug, Default)]
pub struct BoardChanges {
    /// A new title.
    pub title: Option<Title>,
    /// A new description.
    pub description: Option<Description>,
    /// New names for the labels of these colours.
    pub labels: Vec<(LabelColor, LabelName)>,
}

/// What a list of boards is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BoardOrderField {
    CreatedAt,
    UpdatedAt,
    Title,
}

/// The order of a list of boards; ties break by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BoardOrder {
    /// By what.
    pub field: BoardOrderField,
    /// Which way.
    pub direction: Direction,
}

impl Default for BoardOrder {
    fn default() -> Self {
        Self { field: BoardOrderField::CreatedAt, direction: Direction::Descending }
    }
}

/// Which of a user's boards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BoardList {
    /// All that are in use, in this order.
    InUse(BoardOrder),
    /// Those in the trash of which the user is ADMIN, latest first.
    Deleted,
}
