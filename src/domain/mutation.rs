//! Mutations that clients may send again without taking effect twice.

use serde::{Deserialize, Serialize};

use super::rejection;
use super::text::check_length;
use super::{BoardId, CardId, CommentId, LabelId, Result, Timestamp, UserKey, Viewer};

/// A mutation: who has sent it, and the ID that makes a retry safe.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// The user who has sent it.
    pub viewer: Viewer,
    /// `None` if the client has given it no ID.
    pub id: Option<MutationId>,
}

/// The ID that a client has given to a mutation, with the hash of the mutation's name and input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutationId {
    text: String,
    input_hash: String,
}

impl MutationId {
    /// Validates the text: 1 to 64 characters without control characters. BAD_USER_INPUT if it breaks the rule.
    pub fn parse(text: &str, input_hash: String) -> Result<Self> {
        check_length(text, 1, 64)?;
        if text.chars().any(char::is_control) {
            return Err(rejection::control_characters());
        }
        Ok(Self { text: text.to_owned(), input_hash })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The hash of the mutation's name and input.
    pub fn input_hash(&self) -> &str {
        &self.input_hash
    }
}

/// The record of a mutation that has taken effect. It was stored in the mutation's transaction.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The hash of the mutation's name and input.
    pub input_hash: String,
    /// The board.
    pub board: BoardId,
    /// What the payload shows besides the board.
    pub subject: Subject,
    /// When the mutation took effect.
    pub created_at: Timestamp,
}

/// What the payload of a mutation shows. Stored as JSON: a released variant must keep its name and its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)]
pub enum Subject {
    Board,
    Card(CardId),
    Cards(Vec<CardId>),
    Label(LabelId),
    Comment(CommentId),
    Member(UserKey),
}
