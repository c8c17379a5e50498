//! Permission to read a board, as a type.
//!
//! Only this module makes a [`BoardAccess`]. Functions that read a board require one instead of the board's key, and
//! functions that change it require its [lock](super::lock). Without a membership, and for a board in the trash, the
//! result is the same as for a board that does not exist.

use diesel::prelude::*;

use super::db::{Conn, MemorySize};
use super::dsl::{columns, row};
use super::rows::BoardRow;
use super::schema::{boards, cards, users_boards};
use crate::domain::{
    Board, BoardId, BoardRole, CardId, Result, Right, Timestamp, UserKey, rejection,
};

/// Proof that a user is a member of a board. Made only from a membership row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BoardAccess {
    board_id: BoardId,
    user: UserKey,
    role: BoardRole,
    version: Option<Version>,
}

/// The version of a board, and the time of its last change.
pub type Version = (i64, Timestamp);

impl BoardAccess {
    /// The board.
    pub fn board_id(self) -> BoardId {
        self.board_id
    }

    /// The member.
    pub fn user_key(self) -> UserKey {
        self.user
    }

    /// The member's role.
    pub fn role(self) -> BoardRole {
        self.role
    }

    /// The board's version in the snapshot in which the membership was read. `None` in a transaction that
    /// writes: the payload of a mutation is read afterwards and may be newer than what was written.
    pub fn version(self) -> Option<Version> {
        self.version
    }

    /// The same access for reads after the transaction.
    #[must_use]
    pub fn without_version(self) -> Self {
        Self { version: None, ..self }
    }

    /// The same access after a change of the member's role.
    pub(super) fn with_role(self, role: BoardRole) -> Self {
        Self { role, ..self }
    }

    /// Whether the member has the right.
    pub fn may(self, right: Right) -> bool {
        self.role.may(right)
    }

    /// FORBIDDEN unless the member has the right.
    pub fn require(self, right: Right) -> Result<()> {
        if self.may(right) { Ok(()) } else { Err(rejection::right_required(right)) }
    }
}

/// A board and the access of a member to it.
pub type AuthorizedBoard = (Board, BoardAccess);

row! {
    /// The membership row. Queries must select the viewer's own row.
    Membership of users_boards {
        board_id: i64,
        user_id: i64,
        role: BoardRole
    }
}

impl MemorySize for Membership {}

impl Membership {
    /// `version` is that of the board, read in the same statement.
    pub(super) fn access(&self, version: Option<Version>) -> BoardAccess {
        let Self { board_id, user_id, role } = *self;
        BoardAccess { board_id: BoardId(board_id), user: UserKey(user_id), role, version }
    }
}

pub(super) type BoardWithAccess = (BoardRow, Membership);

pub(super) fn with_access((board, membership): BoardWithAccess) -> AuthorizedBoard {
    let access = membership.access(Some((board.version, board.updated_at)));
    (board.into(), access)
}

/// A member's access to a board; `None` without a membership, and for a board in the trash.
pub async fn board_access(
    conn: &mut Conn,
    user: UserKey,
    board: BoardId,
) -> Result<Option<BoardAccess>> {
    let found = any_access(conn, user, board).await?;
    Ok(found.and_then(|(access, deleted)| (!deleted).then_some(access)))
}

/// A member's access to a board, and whether the board is in the trash.
pub(super) async fn any_access(
    conn: &mut Conn,
    user: UserKey,
    board: BoardId,
) -> Result<Option<(BoardAccess, bool)>> {
    let row: Option<(Membership, Version, bool)> = conn
        .first(users_boards::table.find((board.0, user.0)).inner_join(boards::table).select((
            columns::<Membership>(),
            (boards::version, boards::updated_at),
            boards::deleted_at.is_not_null(),
        )))
        .await?;
    Ok(row.map(|(membership, version, deleted)| (membership.access(Some(version)), deleted)))
}

/// A member's access to the board of a card; `None` without a membership, and for a card in the trash.
pub(super) async fn card_access(
    conn: &mut Conn,
    user: UserKey,
    card: CardId,
) -> Result<Option<BoardAccess>> {
    let query = cards::table
        .find(card.0)
        .inner_join(boards::table.inner_join(users_boards::table))
        .filter(users_boards::user_id.eq(user.0))
        .filter(boards::deleted_at.is_null())
        .filter(cards::deleted_at.is_null())
        .select(columns::<Membership>());
    let row: Option<Membership> = conn.first(query).await?;
    Ok(row.map(|membership| membership.access(None)))
}
