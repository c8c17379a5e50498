//! What the program is about, in plain Rust: entities, parsed values, pages, errors.
//!
//! Nothing here knows a database, a protocol or a framework, and every other room may use it.

mod board;
mod card;
mod error;
mod id;
mod label;
mod page;
mod text;
mod time;
mod user;

pub use board::{Board, BoardChanges, BoardOrder, BoardOrderField, Member, NewBoard};
pub use card::{
    Card, CardChanges, CardColumn, CardFilter, CardOrder, CardOrderField, LabelsChange, NewCard,
};
pub use error::{At, Error, Result, Segment};
pub use id::{BoardId, CardId, LabelId, PublicId, UserId, UserKey};
pub use label::{Label, LabelChanges, LabelColor};
pub use page::{Direction, Page, PageRequest, Position, SortValue};
pub use text::{Description, Email, LabelName, Password, SearchText, Title, fold_case};
pub use time::Timestamp;
pub use user::{User, Viewer};
