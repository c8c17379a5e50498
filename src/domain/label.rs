//! Labels: a board has at most one of each colour.

use serde::{Deserialize, Serialize};

use super::{BoardId, LabelId, LabelName, Timestamp};

/// The colours of labels, in the order in which labels are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)]
pub enum LabelColor {
    Red,
    Orange,
    Yellow,
    Green,
    Blue,
    Purple,
    Gray,
}

impl LabelColor {
    /// All of them, in their order.
    pub const ALL: [Self; 7] =
        [Self::Red, Self::Orange, Self::Yellow, Self::Green, Self::Blue, Self::Purple, Self::Gray];

    /// The name in the API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Red => "RED",
            Self::Orange => "ORANGE",
            Self::Yellow => "YELLOW",
            Self::Green => "GREEN",
            Self::Blue => "BLUE",
            Self::Purple => "PURPLE",
            Self::Gray => "GRAY",
        }
    }
}

/// A coloured label of a board.
#[derive(Clone, Debug)]
pub struct Label {
    /// Key.
    pub id: LabelId,
    /// The board it belongs to.
    pub board_id: BoardId,
    /// Its colour.
    pub color: LabelColor,
    /// Its name; may be empty.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its name or colour last changed.
    pub updated_at: Timestamp,
}

/// What shall change about a label; `None` stays as it is.
#[derive(Debug, Default)]
pub struct LabelChanges {
    /// A new name.
    pub name: Option<LabelName>,
    /// A new colour.
    pub color: Option<LabelColor>,
}
