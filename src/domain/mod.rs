//! The domain model in plain Rust: entities, validated values, pages and errors.
//!
//! This module depends on no database, protocol or framework. Every other module may use it.

mod board;
mod card;
mod column;
mod comment;
mod digest;
mod email;
mod error;
mod event;
mod field_change;
mod id;
mod label;
mod mail;
mod mutation;
mod network;
mod page;
mod password;
mod rank;
pub mod rejection;
mod role;
mod session;
mod text;
mod time;
mod unicode;
mod user;

pub use board::{Board, BoardChanges, BoardList, BoardOrder, BoardOrderField, Member, NewBoard};
pub use card::{
    Card, CardChanges, CardFilter, CardMove, CardOrder, CardOrderField, LabelsChange, NewCard,
};
pub use column::CardColumn;
pub use comment::Comment;
pub use digest::sha256;
pub use email::{Email, EmailKey};
pub use error::{At, Error, Result, Segment};
pub use event::{CardsChange, Event, EventPayload, RemovalReason};
pub use field_change::{ChangedField, FieldChange, excerpt};
pub use id::{BoardId, CardId, CommentId, LabelId, PublicId, SessionId, UserId, UserKey};
pub use label::{Label, LabelChanges, LabelColor};
pub use mail::{MailContent, MailPurpose, QueuedMail};
pub use mutation::{Mutation, MutationId, Receipt, Subject};
pub use network::{neighbourhood, networks, subscriber};
pub use page::{Direction, Page, PageRequest, Position, Side, SortValue};
pub use password::Password;
pub use rank::Rank;
pub use role::{BoardRole, Right};
pub use session::{Lifetime, Session};
pub use text::{CommentBody, Description, LabelName, Name, SearchText, Title, search_text};
pub use time::{Clock, Timestamp};
pub use unicode::lower_case;
pub use user::{Client, User, Viewer};
