//! Permission as a type.
//!
//! This is the only place that makes a [`BoardAccess`] or the lock of a board; functions that touch
//! a board ask for one of them in place of a board's key, and those that change something for a
//! lock whose type tells what the member may do. No membership answers as if the board did not
//! exist, and so does a board in the trash.

use std::ops::{Deref, DerefMut};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::boards::{BoardRow, BoardWithAccess, with_access};
use super::schema::{boards, users_boards};
use super::sql::{ColumnTypes, Statement};
use super::{Conn, Tx, sql};
use crate::domain::{Board, BoardId, BoardRole, CardId, Error, Result, Right, UserId};

/// Proof that a user is a member of a board, made from a membership's row only, and which version the
/// board then had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BoardAccess {
    board_id: BoardId,
    user_id: UserId,
    role: BoardRole,
    version: i64,
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

    /// The member's role.
    pub fn role(self) -> BoardRole {
        self.role
    }

    /// The board's version when the membership was read: what is read later is at least as new.
    pub fn version(self) -> i64 {
        self.version
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
pub type SeenBoard = (Board, BoardAccess);

/// The row that proves it. Queries that select it must ask for the viewer's own.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users_boards)]
pub(super) struct Membership {
    board_id: i64,
    user_id: i64,
    role: BoardRole,
}

impl Membership {
    /// `version` is that of the board, read in the same statement or before.
    pub(super) fn access(&self, version: i64) -> BoardAccess {
        let Self { board_id, user_id, role } = *self;
        BoardAccess { board_id: BoardId(board_id), user_id: UserId(user_id), role, version }
    }
}

impl<ST> Statement<ST> {
    /// Appends the joins and the condition that `board` (a column) is the key of a board in use
    /// of which the user is a member.
    pub(super) fn on_boards_of(self, user: UserId, board: &'static str) -> Self {
        self.sql(" JOIN users_boards ON users_boards.board_id = ")
            .sql(board)
            .sql(" JOIN boards ON boards.deleted_at IS NULL AND boards.id = ")
            .sql(board)
            .sql(" WHERE users_boards.user_id = ")
            .number(user.0)
    }
}

/// Proof that the lock of a board is held until the transaction ends, so that whatever rule is
/// checked under it stays true.
pub struct BoardLock {
    /// The board as it is under the lock.
    pub(super) board: Board,
}

impl BoardLock {
    /// The board as it is under the lock.
    pub fn board(&self) -> &Board {
        &self.board
    }
}

/// The lock of a board, held by a member, with all that every member may do.
pub struct LockedBoard {
    pub(super) lock: BoardLock,
    access: BoardAccess,
}

impl LockedBoard {
    /// The member who holds the lock, and the board's version with all events that were recorded.
    pub fn access(&self) -> BoardAccess {
        BoardAccess { version: self.lock.board.version, ..self.access }
    }

    /// The board's key.
    pub fn id(&self) -> BoardId {
        self.access.board_id
    }

    /// The board as it is under the lock.
    pub fn board(&self) -> &Board {
        &self.lock.board
    }

    /// The lock itself.
    pub fn lock(&self) -> &BoardLock {
        &self.lock
    }

    /// The board's version when so many events more have been recorded.
    pub fn version_after(&self, events: usize) -> i64 {
        self.lock.board.version.saturating_add(i64::try_from(events).unwrap_or(i64::MAX))
    }

    /// The board for those who ask for it, with the way to it.
    pub fn seen(&self) -> SeenBoard {
        (self.lock.board.clone(), self.access())
    }
}

/// What a lock allows: made of it for those who have the right.
pub trait Permission: Sized {
    /// The right.
    const RIGHT: Right;

    /// FORBIDDEN for those who have not.
    fn of(lock: LockedBoard) -> Result<Self>;
}

impl Permission for LockedBoard {
    const RIGHT: Right = Right::Read;

    fn of(lock: LockedBoard) -> Result<Self> {
        Ok(lock)
    }
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $right:ident, which is $lesser:ident;)*) => {$(
        $(#[$doc])*
        pub struct $name($lesser);

        impl Permission for $name {
            const RIGHT: Right = Right::$right;

            fn of(lock: LockedBoard) -> Result<Self> {
                lock.access.require(Self::RIGHT)?;
                $lesser::of(lock).map(Self)
            }
        }

        impl Deref for $name {
            type Target = $lesser;

            fn deref(&self) -> &$lesser {
                &self.0
            }
        }

        impl DerefMut for $name {
            fn deref_mut(&mut self) -> &mut $lesser {
                &mut self.0
            }
        }
    )*};
}

permissions! {
    /// The lock of a board, held by a member who may change cards, labels and comments.
    BoardEditor: Edit, which is LockedBoard;
    /// The lock of a board, held by a member who may change the board itself too.
    BoardAdmin: Manage, which is BoardEditor;
}

impl From<BoardAdmin> for LockedBoard {
    fn from(admin: BoardAdmin) -> Self {
        admin.0.0
    }
}

/// The lock of a board that may be in the trash, held by a member who may restore it.
pub struct DeletedBoard(BoardAdmin);

impl Deref for DeletedBoard {
    type Target = LockedBoard;

    fn deref(&self) -> &LockedBoard {
        &self.0
    }
}

impl DerefMut for DeletedBoard {
    fn deref_mut(&mut self) -> &mut LockedBoard {
        &mut self.0
    }
}

fn missing() -> Error {
    Error::not_found("board")
}

/// A member's way to a board that is in use; `None` without a membership.
pub async fn board_access(
    conn: &mut Conn,
    user: UserId,
    board: BoardId,
) -> Result<Option<BoardAccess>> {
    let found = any_access(conn, user, board).await?;
    Ok(found.and_then(|(access, deleted)| (!deleted).then_some(access)))
}

/// A member's way to a board, and whether the board is in the trash.
async fn any_access(
    conn: &mut Conn,
    user: UserId,
    board: BoardId,
) -> Result<Option<(BoardAccess, bool)>> {
    let row: Option<(Membership, i64, bool)> = run!(conn, |c| users_boards::table
        .find((board.0, user.0))
        .inner_join(boards::table)
        .select((Membership::as_select(), boards::version, boards::deleted_at.is_not_null()))
        .first(c)
        .await
        .optional())?;
    Ok(row.map(|(membership, version, deleted)| (membership.access(version), deleted)))
}

/// Takes the lock of a board for one of its members who has the right. Strangers, and members
/// without it, do not take it, so that they cannot make others wait.
pub async fn lock_board<P: Permission>(tx: &mut Tx, user: UserId, board: BoardId) -> Result<P> {
    let id = |statement: Lock| statement.sql("= ").number(board.0);
    match lock_of_member(tx, user, P::RIGHT, id).await? {
        Some(locked) => P::of(locked),
        None => Err(refusal(tx, user, board, P::RIGHT).await?),
    }
}

/// The same for the board that a card is on, which is not in the trash; `None` when there is no such
/// card, or none that the member may change.
pub async fn lock_board_with<P: Permission>(
    tx: &mut Tx,
    user: UserId,
    card: CardId,
) -> Result<Option<P>> {
    let id = |statement: Lock| {
        statement
            .sql("= (SELECT board_id FROM cards WHERE deleted_at IS NULL AND id = ")
            .number(card.0)
            .sql(")")
    };
    lock_of_member(tx, user, P::RIGHT, id).await?.map(P::of).transpose()
}

/// Why somebody does not get the lock of a board.
async fn refusal(tx: &mut Tx, user: UserId, board: BoardId, right: Right) -> Result<Error> {
    let Some(seen) = board_access(tx, user, board).await? else { return Ok(missing()) };
    // Who has become a member, or got the right, just now gets the lock with the next try.
    Ok(seen.require(right).err().unwrap_or(Error::Contention))
}

type Lock = Statement<ColumnTypes<BoardWithAccess>>;

/// Locks the board whose id `is` the one that is meant, and then reads the membership as it is under the
/// lock: a row that is locked is read as it has become while one waited, so the membership is locked too.
/// (That takes one statement; a look, the lock and another look took three, and half as long again.)
async fn lock_of_member(
    tx: &mut Tx,
    user: UserId,
    right: Right,
    is: impl FnOnce(Lock) -> Lock,
) -> Result<Option<LockedBoard>> {
    let roles: Vec<_> = BoardRole::ALL.into_iter().filter(|role| role.may(right)).collect();
    let roles: Vec<_> = roles.into_iter().map(|role| format!("'{}'", role.as_str())).collect();
    let statement = Statement::new()
        .sql("WITH boards AS (SELECT * FROM ")
        .either("boards", "main.boards")
        .sql(" AS b WHERE deleted_at IS NULL AND id ");
    let statement = is(statement)
        .sql(" AND EXISTS (SELECT 1 FROM users_boards WHERE board_id = b.id AND user_id = ")
        .number(user.0)
        .sql(format!(" AND role IN ({}))", roles.join(", ")))
        .either(" FOR NO KEY UPDATE) SELECT ", ") SELECT ")
        .columns::<BoardWithAccess>()
        .sql(" FROM boards JOIN users_boards ON users_boards.board_id = boards.id WHERE users_boards.user_id = ")
        .number(user.0)
        .either(" FOR SHARE OF users_boards", "");
    let row: Option<BoardWithAccess> = run!(tx, |c| statement.get_result(c).await.optional())?;
    Ok(row
        .map(with_access)
        .map(|(board, access)| LockedBoard { lock: BoardLock { board }, access }))
}

/// The same for one who asked for something on the board: whatever became of the board meanwhile,
/// it is that which is `missing`.
pub async fn lock_board_of<P: Permission>(
    tx: &mut Tx,
    user: UserId,
    board: BoardId,
    missing: impl FnOnce() -> Error,
) -> Result<P> {
    lock_board(tx, user, board).await.map_err(|error| error.not_found_as(missing))
}

/// Takes the lock of a board that one of its ADMINs wants back. For everybody else a board in the
/// trash does not exist.
pub async fn lock_deleted_board(tx: &mut Tx, user: UserId, board: BoardId) -> Result<DeletedBoard> {
    restorable(tx, user, board).await?;
    let lock = lock(tx, board).await?.ok_or_else(missing)?;
    let access = restorable(tx, user, board).await?;
    BoardAdmin::of(LockedBoard { lock, access }).map(DeletedBoard)
}

async fn restorable(tx: &mut Tx, user: UserId, board: BoardId) -> Result<BoardAccess> {
    let (access, deleted) = any_access(tx, user, board).await?.ok_or_else(missing)?;
    if deleted && !access.may(Right::Manage) {
        return Err(missing());
    }
    access.require(Right::Manage)?;
    Ok(access)
}

/// Takes the lock of a board, which may be in the trash, for a member who leaves it for good; `None`
/// when they are no longer one.
pub async fn lock_to_leave(
    tx: &mut Tx,
    user: UserId,
    board: BoardId,
) -> Result<Option<LockedBoard>> {
    let Some(lock) = lock(tx, board).await? else { return Ok(None) };
    let found = any_access(tx, user, board).await?;
    Ok(found.map(|(access, _)| LockedBoard { lock, access }))
}

/// Takes the lock of a board for the server itself, which empties the trash; `None` when the board
/// is gone.
pub async fn lock_for_purge(tx: &mut Tx, board: BoardId) -> Result<Option<BoardLock>> {
    lock(tx, board).await
}

/// On SQLite, the transaction holds the lock of all boards.
async fn lock(tx: &mut Tx, board: BoardId) -> Result<Option<BoardLock>> {
    let statement = sql::select::<BoardRow>()
        .sql(" FROM boards WHERE boards.id = ")
        .number(board.0)
        .either(" FOR NO KEY UPDATE", "");
    let row: Option<BoardRow> = run!(tx, |c| statement.get_result(c).await.optional())?;
    Ok(row.map(|row| BoardLock { board: row.into() }))
}
