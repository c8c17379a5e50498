//! The columns of a board.

use serde::{Deserialize, Serialize};

/// The columns of every board, in board order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)]
pub enum CardColumn {
    #[default]
    Backlog,
    Todo,
    Doing,
    Done,
}

impl CardColumn {
    /// All columns, in board order.
    pub const ALL: [Self; 4] = [Self::Backlog, Self::Todo, Self::Doing, Self::Done];

    /// The name in the API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backlog => "BACKLOG",
            Self::Todo => "TODO",
            Self::Doing => "DOING",
            Self::Done => "DONE",
        }
    }

    /// The position of the column on the board, starting at 0.
    pub const fn position(self) -> i64 {
        self as i64
    }
}
