//! Boards and their members.

use super::{
    BoardId, BoardRole, Description, Direction, LabelColor, LabelName, SearchText, Timestamp,
    Title, User, UserKey,
};

/// A Kanban board.
#[derive(Clone, Debug)]
pub struct Board {
    /// The database key.
    pub id: BoardId,
    /// The title.
    pub title: String,
    /// The description in Markdown; may be empty. `None` if the query did not read it; write
    /// transactions always read it.
    pub description: Option<String>,
    /// When the board was created.
    pub created_at: Timestamp,
    /// When the board or anything on it last changed.
    pub updated_at: Timestamp,
    /// The sequence number of the board's latest event.
    pub version: i64,
    /// When the board was moved to the trash; `None` if it is not in the trash.
    pub deleted_at: Option<Timestamp>,
    /// The user who created the board, whose account may be deleted; `None` if it is not known.
    pub created_by: Option<UserKey>,
}

/// A member of a board.
#[derive(Clone, Debug)]
pub struct Member {
    /// The member's account.
    pub user: User,
    /// When the user became a member.
    pub since: Timestamp,
    /// The member's role on the board.
    pub role: BoardRole,
}

/// The input for creating a board.
#[derive(Clone, Debug)]
pub struct NewBoard {
    /// The title.
    pub title: Title,
    /// The description.
    pub description: Description,
}

/// Changes to a board. `None` leaves the field unchanged.
#[derive(Clone, Debug, Default)]
pub struct BoardChanges {
    /// The new title.
    pub title: Option<Title>,
    /// The new description.
    pub description: Option<Description>,
    /// New names for the labels of these colours, each of which occurs once.
    pub labels: Vec<(LabelColor, LabelName)>,
}

/// The sort field of a list of boards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BoardOrderField {
    CreatedAt,
    UpdatedAt,
    Title,
}

/// The sort order of a list of boards. Ties are broken by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BoardOrder {
    /// The sort field.
    pub field: BoardOrderField,
    /// The sort direction.
    pub direction: Direction,
}

impl Default for BoardOrder {
    fn default() -> Self {
        Self { field: BoardOrderField::CreatedAt, direction: Direction::Descending }
    }
}

/// A list of a user's boards.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BoardList {
    /// The boards that are not in the trash, in this order, and only those that contain the text, if there is one.
    InUse(BoardOrder, Option<SearchText>),
    /// The boards in the trash on which the user is ADMIN, most recently deleted first.
    Deleted,
}
