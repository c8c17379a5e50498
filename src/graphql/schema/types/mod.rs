//! The object types of the schema.

mod board;
mod board_list;
mod card;
mod card_list;
mod column;
mod comment;
mod event;
mod label;
mod member;
mod session;
mod user;
mod viewer_cards;

use async_graphql::{ID, Interface};

pub(super) use board::Board;
pub(super) use board_list::{BoardEdge, BoardFilter, BoardOrder, BoardPage};
pub(super) use card::{Card, CardColumn};
pub(super) use card_list::{CardEdge, CardFilter, CardOrder};
pub(super) use column::BoardColumn;
pub(super) use comment::{Comment, CommentEdge};
pub(super) use event::{BoardEvent, BoardEventEdge};
pub(super) use label::{Label, LabelColor};
pub(super) use member::{BoardMemberEdge, BoardRole};
pub(super) use session::{Session, SessionEdge, session_page};
pub(super) use user::User;
pub(super) use viewer_cards::viewer_card_page;

use crate::domain;
use crate::graphql::engine::Pure;

/// The direction of an order.
#[derive(async_graphql::Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Direction")]
pub(super) enum OrderDirection {
    /// Ascending: smallest, earliest or A first.
    #[graphql(name = "ASC")]
    Ascending,
    /// Descending: largest, latest or Z first.
    #[graphql(name = "DESC")]
    Descending,
}

/// An object with an ID that is unique across the whole schema.
#[derive(Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "An opaque ID, unique across all types and never reused."
))]
pub(super) enum Node {
    User(User),
    Board(Board),
    BoardColumn(BoardColumn),
    Card(Card),
    Comment(Comment),
    Label(Label),
    Session(Session),
}

impl Pure for Node {}
