//! Permission as a type.
//!
//! This is the only place that makes a [`BoardAccess`]; functions that touch a board ask for one in place
//! of a board's key, and those that change something for one of the [locks](super::lock). No membership
//! answers as if the board did not exist, and so does a board in the trash.

use diesel::prelude::*;

use super::db::{Conn, MemorySize};
use super::dsl::{Statement, columns, row, select};
use super::rows::BoardRow;
use super::schema::{boards, users_boards};
use crate::domain::{Board, BoardId, BoardRole, CardId, Error, Result, Right, Timestamp, UserKey};

/// Proof that a user is a member of a board, made from a membership's row only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BoardAccess {
    board_id: BoardId,
    user: UserKey,
    role: BoardRole,
    version: Option<Version>,
}

/// What a board has been through: its version, and when it got it.
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
    /// writes: what the answer to a mutation reads afterwards may be newer than what was written.
    pub fn version(self) -> Option<Version> {
        self.version
    }

    /// For what is read after the transaction.
    pub(super) fn without_version(self) -> Self {
        Self { version: None, ..self }
    }

    /// After a change of the member's role.
    pub(super) fn with_role(self, role: BoardRole) -> Self {
        Self { role, ..self }
    }

    /// Whether the member has the right.
    pub fn may(self, right: Right) -> bool {
        self.role.may(right)
    }

    /// FORBIDDEN unless the member has the right.
    pub fn require(self, right: Right) -> Result<()> {
        if self.may(right) { Ok(()) } else { Err(Error::forbidden(right.refusal())) }
    }
}

/// A board and a member's way to it.
pub type AuthorizedBoard = (Board, BoardAccess);

row! {
    /// The row that proves it. Queries that select it must ask for the viewer's own.
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

impl<ST> Statement<ST> {
    /// Appends the joins and the condition that `board` (a column) is the key of a board in use
    /// of which the user is a member.
    pub(super) fn on_boards_of(self, user: UserKey, board: &'static str) -> Self {
        self.sql(" JOIN users_boards ON users_boards.board_id = ")
            .sql(board)
            .sql(" JOIN boards ON boards.deleted_at IS NULL AND boards.id = ")
            .sql(board)
            .sql(" WHERE users_boards.user_id = ")
            .number(user.0)
    }
}

/// A member's way to a board that is in use; `None` without a membership.
pub async fn board_access(
    conn: &mut Conn,
    user: UserKey,
    board: BoardId,
) -> Result<Option<BoardAccess>> {
    let found = any_access(conn, user, board).await?;
    Ok(found.and_then(|(access, deleted)| (!deleted).then_some(access)))
}

/// A member's way to a board, and whether the board is in the trash.
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
    let statement = select::<Membership>()
        .sql(" FROM cards")
        .on_boards_of(user, "cards.board_id")
        .sql(" AND cards.deleted_at IS NULL AND cards.id = ")
        .number(card.0);
    let row: Option<Membership> = conn.first(statement).await?;
    Ok(row.map(|membership| membership.access(None)))
}
