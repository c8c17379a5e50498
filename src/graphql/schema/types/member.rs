//! Members of boards.

use std::sync::Arc;

use async_graphql::{Enum, Object};

use super::User;
use crate::domain;
use crate::graphql::engine::{EagerObject, Pure};
use crate::graphql::schema::paging::{Edge, cursor};
use crate::graphql::schema::scalars::DateTime;
use crate::store::members::BY_SINCE;

/// The role of a member, which decides what they may do on a board. A board always has an ADMIN.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::BoardRole")]
pub(in crate::graphql) enum BoardRole {
    /// May do everything that a MEMBER may do; may also change, share, delete and restore the board, and
    /// delete any comment.
    Admin,
    /// May read the board; may also change cards, labels and their own comments, and see the trash.
    Member,
    /// May read the board.
    Viewer,
}

/// A member of a board.
pub(in crate::graphql) struct BoardMemberEdge {
    user: User,
    member: Arc<domain::Member>,
}

impl BoardMemberEdge {
    pub(in crate::graphql) fn new(member: impl Into<Arc<domain::Member>>) -> Self {
        let member = member.into();
        Self { user: User::new(member.user.clone()), member }
    }
}

/// A member of a board: an edge with the role of the member.
#[Object]
impl BoardMemberEdge {
    /// The cursor of the member, for `after` and `before`.
    fn cursor(&self) -> String {
        Edge::cursor(self)
    }

    /// The account of the member.
    fn node(&self) -> EagerObject<&User> {
        EagerObject(&self.user)
    }

    /// The time when they became a member.
    fn since(&self) -> DateTime {
        self.member.since.into()
    }

    /// The role of the member on the board.
    fn role(&self) -> BoardRole {
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
        cursor(BY_SINCE, &*self.member)
    }
}
