//! The locks of boards. Whoever gets one works on the board through a [`BoardTx`].

mod board_tx;

pub use self::board_tx::{Admin, BoardTx, Editor, Edits, Permission, Purges, Reader, Server};
use super::access::{
    BoardAccess, BoardWithAccess, any_access, board_access, card_access, with_access,
};
use super::db::Tx;
use super::dsl::{ColumnTypes, Row, Statement, select};
use super::rows::{BoardRow, CardRow};
use crate::domain::{Board, BoardId, BoardRole, Card, CardId, Error, Result, Right, UserKey};

/// Locks a board for a member who has the right. Other users do not wait for the lock, so that they cannot delay
/// anybody.
///
/// NOT_FOUND without a membership, FORBIDDEN without the right.
pub async fn lock_board<P: Permission>(
    tx: &mut Tx,
    user: UserKey,
    board: BoardId,
) -> Result<BoardTx<'_, P>> {
    let statement = locking::<BoardWithAccess>(user, P::RIGHT, |id| id.number(board.0))
        .either(" FOR SHARE OF users_boards", "");
    match tx.first(statement).await? {
        Some(row) => locked(tx, row),
        None => Err(match board_access(tx, user, board).await? {
            Some(access) => refusal(access, P::RIGHT),
            None => missing(),
        }),
    }
}

/// The same for a user who named something on the board: NOT_FOUND becomes `missing`.
pub async fn lock_board_of<P: Permission>(
    tx: &mut Tx,
    user: UserKey,
    board: BoardId,
    missing: impl FnOnce() -> Error,
) -> Result<BoardTx<'_, P>> {
    lock_board(tx, user, board).await.map_err(|error| error.not_found_as(missing))
}

/// Locks the board of a card in the same way, and reads the card under the lock. `None` if no board of the user has
/// the card, or it is in the trash.
pub async fn lock_card<P: Permission>(
    tx: &mut Tx,
    user: UserKey,
    card: CardId,
) -> Result<Option<(BoardTx<'_, P>, Card)>> {
    let board = |id: Statement<_>| {
        id.sql("(SELECT board_id FROM cards WHERE id = ").number(card.0).sql(")")
    };
    // By its key alone: with its board, PostgreSQL might search an index of the board's cards.
    let statement = locking::<(BoardWithAccess, CardRow)>(user, P::RIGHT, board)
        .sql(" JOIN cards ON cards.deleted_at IS NULL AND cards.id = ")
        .number(card.0)
        .either(" FOR SHARE OF users_boards FOR NO KEY UPDATE OF cards", "");
    let row: Option<(BoardWithAccess, CardRow)> = tx.first(statement).await?;
    if let Some((board, card)) = row {
        return Ok(Some((locked(tx, board)?, card.into())));
    }
    match card_access(tx, user, card).await? {
        Some(access) => Err(refusal(access, P::RIGHT)),
        None => Ok(None),
    }
}

/// Locks a board that may be in the trash, for an ADMIN who restores it. For other users a board in the trash does
/// not exist.
pub async fn lock_deleted_board(
    tx: &mut Tx,
    user: UserKey,
    board: BoardId,
) -> Result<BoardTx<'_, Admin>> {
    restorable(tx, user, board).await?;
    let board = lock(tx, board).await?.ok_or_else(missing)?;
    let access = restorable(tx, user, board.id).await?;
    Ok(BoardTx::new(tx, board, Some(access)))
}

async fn restorable(tx: &mut Tx, user: UserKey, board: BoardId) -> Result<BoardAccess> {
    let (access, deleted) = any_access(tx, user, board).await?.ok_or_else(missing)?;
    if deleted && !access.may(Right::Manage) {
        return Err(missing());
    }
    access.require(Right::Manage)?;
    Ok(access)
}

/// Locks a board, which may be in the trash, for a member whose account is deleted; `None` if there is no such
/// membership any more.
pub async fn lock_to_leave(
    tx: &mut Tx,
    user: UserKey,
    board: BoardId,
) -> Result<Option<BoardTx<'_, Reader>>> {
    let Some(board) = lock(tx, board).await? else { return Ok(None) };
    let found = any_access(tx, user, board.id).await?;
    Ok(found.map(|(access, _)| BoardTx::new(tx, board, Some(access))))
}

/// Locks a board for the server itself; `None` if the board does not exist any more.
pub async fn lock_for_purge(tx: &mut Tx, board: BoardId) -> Result<Option<BoardTx<'_, Server>>> {
    let board = lock(tx, board).await?;
    Ok(board.map(|board| BoardTx::new(tx, board, None)))
}

/// On SQLite, a transaction that writes holds the lock of all boards.
async fn lock(tx: &mut Tx, board: BoardId) -> Result<Option<Board>> {
    let statement = select::<BoardRow>()
        .sql(" FROM boards WHERE boards.id = ")
        .number(board.0)
        .either(" FOR NO KEY UPDATE", "");
    let row: Option<BoardRow> = tx.first(statement).await?;
    Ok(row.map(Board::from))
}

/// Checks the right again: the role may have changed while the statement waited for the lock.
fn locked<P: Permission>(tx: &mut Tx, row: BoardWithAccess) -> Result<BoardTx<'_, P>> {
    let (board, access) = with_access(row);
    access.require(P::RIGHT)?;
    Ok(BoardTx::new(tx, board, Some(access)))
}

fn missing() -> Error {
    Error::not_found("board")
}

/// Why a member does not get a lock. A membership or a right that was granted meanwhile needs a retry.
fn refusal(access: BoardAccess, right: Right) -> Error {
    access.require(right).err().unwrap_or(Error::Contention)
}

/// The beginning of a statement that locks the board of this `id`, if the user has the right, and reads rows of it.
///
/// A locked row is read in its latest version, also after waiting, so everything that is read under the lock is
/// locked too.
fn locking<R: Row>(
    user: UserKey,
    right: Right,
    id: impl FnOnce(Statement<ColumnTypes<R>>) -> Statement<ColumnTypes<R>>,
) -> Statement<ColumnTypes<R>> {
    let statement = Statement::new()
        .sql("WITH boards AS (SELECT * FROM ")
        .either("boards", "main.boards")
        .sql(" AS b WHERE deleted_at IS NULL AND id = ");
    id(statement)
        .sql(" AND EXISTS (SELECT 1 FROM users_boards WHERE board_id = b.id AND user_id = ")
        .number(user.0)
        .sql(" AND role IN (NULL")
        .roles(right)
        .sql("))")
        .either(" FOR NO KEY UPDATE) SELECT ", ") SELECT ")
        .columns::<R>()
        .sql(" FROM boards JOIN users_boards ON users_boards.board_id = boards.id AND users_boards.user_id = ")
        .number(user.0)
}

impl<ST> Statement<ST> {
    /// Appends the roles that have the right, each after a comma.
    fn roles(self, right: Right) -> Self {
        let roles = BoardRole::ALL.into_iter().filter(|role| role.may(right));
        roles.fold(self, |statement, role| statement.sql(", '").sql(role.as_str()).sql("'"))
    }
}
