//! Cards: the things to do on a board.

use serde::{Deserialize, Serialize};

use super::{
    BoardId, CardId, Description, Direction, LabelColor, Rank, SearchText, Timestamp, Title,
};

/// The columns of every board, in their order.
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
    /// All of them, in their order.
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

    /// Its place among the columns, counted from 0.
    pub const fn position(self) -> i64 {
        self as i64
    }
}

/// A card.
#[derive(Clone, Debug)]
pub struct Card {
    /// Key.
    pub id: CardId,
    /// The board it is on.
    pub board_id: BoardId,
    /// Its title.
    pub title: String,
    /// Markdown; may be empty. `None` where it was left unread, which is never so in a transaction that writes.
    pub description: Option<String>,
    /// The column it stands in.
    pub column: CardColumn,
    /// Its place in the column.
    pub rank: Rank,
    /// The board's version at the latest change of its text, column, rank or labels.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its text, column, rank or labels last changed.
    pub updated_at: Timestamp,
    /// When it was put into the trash; `None` while it is on the board.
    pub deleted_at: Option<Timestamp>,
}

/// What a card is made of.
#[derive(Debug)]
pub struct NewCard {
    /// Its title.
    pub title: Title,
    /// Its description.
    pub description: Description,
    /// The column it shall stand in.
    pub column: CardColumn,
    /// The colours of the labels it shall bear; one given twice counts once.
    pub labels: Vec<LabelColor>,
}

/// What shall change about a card; `None` stays as it is.
#[derive(Debug, Default)]
pub struct CardChanges {
    /// A new title.
    pub title: Option<Title>,
    /// A new description.
    pub description: Option<Description>,
    /// Another column.
    pub column: Option<CardColumn>,
    /// Other labels.
    pub labels: Option<LabelsChange>,
}

/// Where a card shall stand: a column, and a neighbour there.
#[derive(Debug)]
pub struct CardMove {
    /// The column.
    pub column: CardColumn,
    /// The card that shall stand directly after it.
    pub before: Option<CardId>,
    /// The card that shall stand directly before it; it decides, if it is still in the column.
    pub after: Option<CardId>,
}

/// How the set of a card's labels shall change; a colour given twice counts once.
#[derive(Debug)]
pub enum LabelsChange {
    /// It shall bear these and no others.
    Set(Vec<LabelColor>),
    /// It shall bear these too.
    Add(Vec<LabelColor>),
    /// It shall bear none of these.
    Remove(Vec<LabelColor>),
}

/// Which cards of a list are wanted; an empty list or `None` does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CardFilter {
    /// Cards in one of these columns.
    pub columns: Vec<CardColumn>,
    /// Cards that bear at least one of these colours.
    pub labels: Vec<LabelColor>,
    /// Cards whose title or description contains this text, without case.
    pub text: Option<SearchText>,
}

/// What a list of cards is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum CardOrderField {
    Rank,
    CreatedAt,
    UpdatedAt,
    Title,
}

/// The order of a list of cards; ties break by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CardOrder {
    /// By what.
    pub field: CardOrderField,
    /// Which way.
    pub direction: Direction,
}

impl Default for CardOrder {
    fn default() -> Self {
        Self { field: CardOrderField::Rank, direction: Direction::Ascending }
    }
}
