//! Members of boards.

use std::sync::Arc;

use async_graphql::{Enum, Object};

use super::User;
use crate::domain::{self, Direction, Viewer};
use crate::graphql::engine::{EagerObject, Pure};
use crate::graphql::schema::paging::{CursorKind, Edge, ValueKind};
use crate::graphql::schema::scalars::DateTime;
use crate::store;

/// What a member may do on a board. A board always has an ADMIN.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::BoardRole")]
pub(in crate::graphql) enum BoardRole {
    /// Does what a MEMBER does; also changes, shares, deletes and restores the board, and deletes
    /// any comment.
    Admin,
    /// Reads; also changes cards, labels and their own comments, and sees the trash.
    Member,
    /// Reads.
    Viewer,
}

/// Cursors of the list of members.
pub(super) const MEMBERS: CursorKind = CursorKind {
    list: "members",
    field: "SINCE",
    direction: Direction::Ascending,
    values: &[ValueKind::Time],
};

/// One who may use a board.
pub(in crate::graphql) struct BoardMemberEdge {
    user: User,
    member: Arc<domain::Member>,
}

impl BoardMemberEdge {
    pub(in crate::graphql) fn new(viewer: Viewer, member: impl Into<Arc<domain::Member>>) -> Self {
        let member = member.into();
        Self { user: User::seen_by(viewer, member.user.clone()), member }
    }
}

/// One who may use a board.
#[Object]
impl BoardMemberEdge {
    /// The member's place in the list, for `after` and `before`.
    async fn cursor(&self) -> String {
        Edge::cursor(self)
    }

    /// The account.
    async fn node(&self) -> EagerObject<&User> {
        EagerObject(&self.user)
    }

    /// When they became a member.
    async fn since(&self) -> DateTime {
        self.member.since.into()
    }

    /// What they may do on the board.
    async fn role(&self) -> BoardRole {
        self.member.role.into()
    }
}

impl Pure for BoardMemberEdge {}

impl Edge for BoardMemberEdge {
    type Node = User;

    fn node(&self) -> &User {
        &self.user
    }

    fn cursor(&self) -> String {
        MEMBERS.encode(&store::members::position(&self.member))
    }
}
