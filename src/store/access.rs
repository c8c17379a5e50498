//! Permission as a type.
//!
//! This is the only place that makes a [`BoardAccess`] or a [`LockedBoard`]; functions that touch
//! a board ask for one of them in place of a board's key. No membership answers as if the board
//! did not exist.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::boards::BoardRow;
use super::schema::{boards, users_boards};
use super::{Conn, Tx};
use crate::domain::{Board, BoardId, Error, Result, UserId};

/// Proof that a user is a member of a board: made from a membership's row only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BoardAccess {
    board_id: BoardId,
    user_id: UserId,
}

impl BoardAccess {
    /// The board.
    pub fn board_id(self) -> BoardId {
        self.board_id
    }

    /// The member.
    pub fn user_id(self) -> UserId {
        self.user_id
    }
}

/// The row that proves it. Queries that select it must ask for the viewer's own.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users_boards)]
pub(super) struct Membership {
    board_id: i64,
    user_id: i64,
}

impl Membership {
    pub(super) fn access(&self) -> BoardAccess {
        BoardAccess { board_id: BoardId(self.board_id), user_id: UserId(self.user_id) }
    }
}

/// Proof that a member holds the lock of a board until the transaction ends, so that whatever
/// rule is checked under it stays true.
pub struct LockedBoard {
    access: BoardAccess,
    /// The board as it is under the lock.
    pub board: Board,
}

impl LockedBoard {
    /// The member who holds the lock.
    pub fn access(&self) -> BoardAccess {
        self.access
    }

    /// The board's key.
    pub fn id(&self) -> BoardId {
        self.access.board_id
    }
}

/// A member's way to a board; `None` without a membership.
pub async fn board_access(
    conn: &mut Conn,
    user: UserId,
    board: BoardId,
) -> Result<Option<BoardAccess>> {
    let row = run!(conn, |c| users_boards::table
        .find((board.0, user.0))
        .select(Membership::as_select())
        .first(c)
        .await
        .optional())?;
    Ok(row.map(|row| row.access()))
}

/// Takes the lock of a board for one of its members. Strangers are refused by an unlocked look, so
/// that they cannot make members wait; the membership is read again under the lock.
pub async fn lock_board(tx: &mut Tx, user: UserId, board: BoardId) -> Result<LockedBoard> {
    let missing = || Error::not_found("board");
    board_access(tx, user, board).await?.ok_or_else(missing)?;
    // An update serves both databases; one that changes nothing costs the least.
    let row: Option<BoardRow> = run!(tx, |c| diesel::update(boards::table.find(board.0))
        .set(boards::updated_at.eq(boards::updated_at))
        .returning(BoardRow::as_select())
        .get_result(c)
        .await
        .optional())?;
    let board_row = row.ok_or_else(missing)?;
    let access = board_access(tx, user, board).await?.ok_or_else(missing)?;
    Ok(LockedBoard { access, board: board_row.into() })
}

/// The same for one who asked for something on the board: whatever became of the board meanwhile,
/// it is that which is `missing`.
pub async fn lock_board_of(
    tx: &mut Tx,
    user: UserId,
    board: BoardId,
    missing: impl FnOnce() -> Error,
) -> Result<LockedBoard> {
    lock_board(tx, user, board).await.map_err(|error| match error {
        Error::NotFound { .. } => missing(),
        other => other,
    })
}
