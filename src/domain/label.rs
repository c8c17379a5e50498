//! Labels. A board has at most one label of each colour.

use serde::{Deserialize, Serialize};

use super::{BoardId, LabelId, LabelName, Timestamp};

/// The label colours, in display order.
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
    /// All colours, in display order.
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

/// A label of a board.
#[derive(Clone, Debug)]
pub struct Label {
    /// The database key.
    pub id: LabelId,
    /// The board of the label.
    pub board_id: BoardId,
    /// The colour.
    pub color: LabelColor,
    /// The name; may be empty.
    pub name: String,
    /// When the label was created.
    pub created_at: Timestamp,
    /// When the name or the colour last changed.
    pub updated_at: Timestamp,
}

/// Changes to a label. `None` leaves the field unchanged.
#[derive(Clone, Debug, Default)]
pub struct LabelChanges {
    /// The new name.
    pub name: Option<LabelName>,
    /// The new colour.
    pub color: Option<LabelColor>,
}
