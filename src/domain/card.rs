//! Cards and their columns.

use super::{
    BoardId, CardColumn, CardId, Description, Direction, LabelColor, Rank, SearchText, Timestamp,
    Title, UserKey,
};

/// A card.
#[derive(Clone, Debug)]
pub struct Card {
    /// The database key.
    pub id: CardId,
    /// The board of the card.
    pub board_id: BoardId,
    /// The title.
    pub title: String,
    /// The description in Markdown; may be empty. `None` if the query did not read it; write
    /// transactions always read it.
    pub description: Option<String>,
    /// The column of the card.
    pub column: CardColumn,
    /// The position in the column.
    pub rank: Rank,
    /// The board's version after the last change of the card's texts, column, rank or labels.
    pub version: i64,
    /// When the card was created.
    pub created_at: Timestamp,
    /// When the card's texts, column, rank or labels last changed.
    pub updated_at: Timestamp,
    /// When the card was moved to the trash; `None` if it is not in the trash.
    pub deleted_at: Option<Timestamp>,
    /// The user who created the card, whose account may be deleted; `None` if it is not known.
    pub created_by: Option<UserKey>,
}

/// The input for creating a card.
#[derive(Clone, Debug)]
pub struct NewCard {
    /// The title.
    pub title: Title,
    /// The description.
    pub description: Description,
    /// The column that the card is added to.
    pub column: CardColumn,
    /// The colours of the card's labels. Duplicates are ignored.
    pub labels: Vec<LabelColor>,
}

/// Changes to a card. `None` leaves the field unchanged.
#[derive(Clone, Debug, Default)]
pub struct CardChanges {
    /// The new title.
    pub title: Option<Title>,
    /// The new description.
    pub description: Option<Description>,
    /// The new column.
    pub column: Option<CardColumn>,
    /// The change of the card's labels.
    pub labels: Option<LabelsChange>,
}

/// The target position of a card: a column, and optionally a neighbour in it.
#[derive(Clone, Debug)]
pub struct CardMove {
    /// The target column.
    pub column: CardColumn,
    /// Move the card directly before this card.
    pub before: Option<CardId>,
    /// Move the card directly after this card. Takes precedence over `before` if this card is still in
    /// the column.
    pub after: Option<CardId>,
}

/// A change of a card's labels. Duplicate colours are ignored.
#[derive(Clone, Debug)]
pub enum LabelsChange {
    /// Replace all labels with these.
    Set(Vec<LabelColor>),
    /// Add these labels.
    Add(Vec<LabelColor>),
    /// Remove these labels.
    Remove(Vec<LabelColor>),
}

/// A filter for a list of cards. An empty list or `None` does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CardFilter {
    /// Only cards in one of these columns.
    pub columns: Vec<CardColumn>,
    /// Only cards with at least one label of these colours.
    pub labels: Vec<LabelColor>,
    /// Only cards whose title or description contains this text, ignoring case.
    pub text: Option<SearchText>,
}

/// The sort field of a list of cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum CardOrderField {
    Rank,
    CreatedAt,
    UpdatedAt,
    Title,
}

/// The sort order of a list of cards. Ties are broken by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CardOrder {
    /// The sort field.
    pub field: CardOrderField,
    /// The sort direction.
    pub direction: Direction,
}

impl Default for CardOrder {
    fn default() -> Self {
        Self { field: CardOrderField::Rank, direction: Direction::Ascending }
    }
}
