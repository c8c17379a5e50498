//! The locks of boards.
//!
//! Functions that change something about a board ask for its lock, whose type tells what the member who
//! holds it may do. This is the only place that makes one.

use std::ops::{Deref, DerefMut};

use diesel::pg::Pg;
use diesel::query_builder::QueryFragment;

use super::access::{AuthorizedBoard, BoardAccess, any_access, board_access};
use super::boards::{BoardRow, BoardWithAccess, with_access};
use super::cards::CardRow;
use super::sql::{ColumnTypes, Columns, LongTexts, Statement};
use super::{Tx, cards, sql};
use crate::domain::{Board, BoardId, BoardRole, Card, CardId, Error, Result, Right, UserKey};

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
    /// The member who holds the lock.
    pub fn access(&self) -> BoardAccess {
        self.access.without_version()
    }

    /// The board's key.
    pub fn id(&self) -> BoardId {
        self.access.board_id()
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
    pub fn authorized(&self) -> AuthorizedBoard {
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

/// Takes the lock of a board for one of its members who has the right. Strangers, and members
/// without it, do not take it, so that they cannot make others wait.
pub async fn lock_board<P: Permission>(tx: &mut Tx, user: UserKey, board: BoardId) -> Result<P> {
    let statement = locking::<BoardWithAccess>(user, P::RIGHT, |id| id.number(board.0))
        .either(" FOR SHARE OF users_boards", "");
    let row: Option<BoardWithAccess> = statement.row(tx).await?;
    match row {
        Some(row) => P::of(locked(row)),
        None => Err(refusal(tx, user, board, P::RIGHT).await?),
    }
}

/// The same for one who asked for something on the board: whatever became of the board meanwhile,
/// it is that which is `missing`.
pub async fn lock_board_of<P: Permission>(
    tx: &mut Tx,
    user: UserKey,
    board: BoardId,
    missing: impl FnOnce() -> Error,
) -> Result<P> {
    lock_board(tx, user, board).await.map_err(|error| error.not_found_as(missing))
}

/// Takes the lock of the board that a card is on in the same way; answers the card too, as it is under the lock. `None` when
/// there is no such card on a board of the user, or it is in the trash.
pub async fn lock_card<P: Permission>(
    tx: &mut Tx,
    user: UserKey,
    card: CardId,
) -> Result<Option<(P, Card)>> {
    type Row = (BoardWithAccess, CardRow);
    let board = |id: Statement<_>| {
        id.sql("(SELECT board_id FROM cards WHERE id = ").number(card.0).sql(")")
    };
    // By its key alone: if its board were named too, PostgreSQL might look through an index of the board's cards.
    let statement = locking::<Row>(user, P::RIGHT, board)
        .sql(" JOIN cards ON cards.deleted_at IS NULL AND cards.id = ")
        .number(card.0)
        .either(" FOR SHARE OF users_boards FOR NO KEY UPDATE OF cards", "");
    let row: Option<Row> = statement.row(tx).await?;
    if let Some((board, card)) = row {
        return Ok(Some((P::of(locked(board))?, card.into())));
    }
    let seen = cards::find(tx, user, &[card], LongTexts::Skip).await?;
    let Some((_, (_, access))) = seen.into_iter().next() else { return Ok(None) };
    Err(refused(access, P::RIGHT))
}

/// Why somebody does not get the lock of a board.
async fn refusal(tx: &mut Tx, user: UserKey, board: BoardId, right: Right) -> Result<Error> {
    let seen = board_access(tx, user, board).await?;
    Ok(seen.map_or_else(missing, |access| refused(access, right)))
}

/// Who has become a member, or got the right, just now gets the lock with the next try.
fn refused(access: BoardAccess, right: Right) -> Error {
    access.require(right).err().unwrap_or(Error::Contention)
}

/// The beginning of a statement that locks the board of this `id`, if the user has the right, and reads
/// what belongs to it. A row that is locked is read as it has become while one waited, so what is read
/// under the lock is locked too. (That takes one statement; a look, the lock and another look took three,
/// and half as long again.)
fn locking<R: sql::Row>(
    user: UserKey,
    right: Right,
    id: impl FnOnce(Statement<ColumnTypes<R>>) -> Statement<ColumnTypes<R>>,
) -> Statement<ColumnTypes<R>>
where
    Columns<R>: diesel::Expression + QueryFragment<Pg>,
{
    let roles = BoardRole::ALL.into_iter().filter(|role| role.may(right));
    let roles: Vec<_> = roles.map(|role| format!("'{}'", role.as_str())).collect();
    let statement = Statement::new()
        .sql("WITH boards AS (SELECT * FROM ")
        .either("boards", "main.boards")
        .sql(" AS b WHERE deleted_at IS NULL AND id = ");
    id(statement)
        .sql(" AND EXISTS (SELECT 1 FROM users_boards WHERE board_id = b.id AND user_id = ")
        .number(user.0)
        .sql(format!(" AND role IN ({}))", roles.join(", ")))
        .either(" FOR NO KEY UPDATE) SELECT ", ") SELECT ")
        .columns::<R>()
        .sql(" FROM boards JOIN users_boards ON users_boards.board_id = boards.id AND users_boards.user_id = ")
        .number(user.0)
}

fn locked(row: BoardWithAccess) -> LockedBoard {
    let (board, access) = with_access(row);
    LockedBoard { lock: BoardLock { board }, access }
}

/// Takes the lock of a board that one of its ADMINs wants back. For everybody else a board in the
/// trash does not exist.
pub async fn lock_deleted_board(
    tx: &mut Tx,
    user: UserKey,
    board: BoardId,
) -> Result<DeletedBoard> {
    restorable(tx, user, board).await?;
    let lock = lock(tx, board).await?.ok_or_else(missing)?;
    let access = restorable(tx, user, board).await?;
    BoardAdmin::of(LockedBoard { lock, access }).map(DeletedBoard)
}

async fn restorable(tx: &mut Tx, user: UserKey, board: BoardId) -> Result<BoardAccess> {
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
    user: UserKey,
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
    let row: Option<BoardRow> = statement.row(tx).await?;
    Ok(row.map(|row| BoardLock { board: row.into() }))
}
