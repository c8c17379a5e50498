//! What people say about a card.

use super::{BoardId, CardId, CommentId, Timestamp, UserKey};

/// A comment on a card.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Key.
    pub id: CommentId,
    /// The card it is about.
    pub card_id: CardId,
    /// The board that the card is on.
    pub board_id: BoardId,
    /// Who wrote it; `None` when the account is gone.
    pub author: Option<UserKey>,
    /// Markdown. `None` where it was left unread, which is never so in a transaction that writes.
    pub body: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
