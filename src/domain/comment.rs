//! Comments on cards.

use super::{BoardId, CardId, CommentId, Timestamp, UserKey};

/// A comment on a card.
#[derive(Clone, Debug)]
pub struct Comment {
    /// The database key.
    pub id: CommentId,
    /// The card that the comment belongs to.
    pub card_id: CardId,
    /// The board of that card.
    pub board_id: BoardId,
    /// The author; `None` if the account was deleted.
    pub author: Option<UserKey>,
    /// The text, in Markdown. `None` if the query did not read it; write transactions always read it.
    pub body: Option<String>,
    /// When the comment was created.
    pub created_at: Timestamp,
    /// When the comment was last changed.
    pub updated_at: Timestamp,
}
