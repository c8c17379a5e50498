//! What has been in the trash for too long.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::locks::BoardLock;
use super::schema::{boards, cards, users_boards};
use super::sql::Statement;
use super::{Conn, Tx};
use crate::domain::{BoardId, CardId, Result, Timestamp};

/// Boards, so many at most, that have been in the trash since before `time`, in the order of their
/// keys from behind `after`.
pub async fn expired_boards(
    conn: &mut Conn,
    time: Timestamp,
    after: BoardId,
    limit: i64,
) -> Result<Vec<BoardId>> {
    let ids: Vec<i64> = run!(conn, |c| boards::table
        .filter(boards::deleted_at.lt(time))
        .filter(boards::id.gt(after.0))
        .order(boards::id)
        .limit(limit)
        .select(boards::id)
        .load(c)
        .await)?;
    Ok(ids.into_iter().map(BoardId).collect())
}

/// Boards in use, likewise, with cards that have been in the trash since before `time`. On a board
/// that is in the trash itself, all stays as it was.
pub async fn boards_of_expired_cards(
    conn: &mut Conn,
    time: Timestamp,
    after: BoardId,
    limit: i64,
) -> Result<Vec<BoardId>> {
    let ids: Vec<i64> = run!(conn, |c| cards::table
        .inner_join(boards::table)
        .filter(cards::deleted_at.lt(time))
        .filter(cards::board_id.gt(after.0))
        .filter(boards::deleted_at.is_null())
        .select(cards::board_id)
        .distinct()
        .order(cards::board_id)
        .limit(limit)
        .load(c)
        .await)?;
    Ok(ids.into_iter().map(BoardId).collect())
}

/// Takes everybody off a board that is about to be erased bit by bit, so that nobody can restore what
/// is left of it, and lets it have been deleted at the beginning of time: whatever becomes of
/// those who erase it, it is always due.
pub async fn orphan_board(tx: &mut Tx, board: &BoardLock) -> Result<()> {
    let id = board.board().id.0;
    let members = users_boards::table.filter(users_boards::board_id.eq(id));
    run!(tx, |c| diesel::delete(members).execute(c).await)?;
    run!(tx, |c| diesel::update(boards::table.find(id))
        .set(boards::deleted_at.eq(Timestamp::EPOCH))
        .execute(c)
        .await)?;
    Ok(())
}

/// Erases rows of a orphaned board, so many at most, and in the end the board itself; answers
/// whether it has come to its end.
pub async fn erase_board(tx: &mut Tx, board: &BoardLock, limit: i64) -> Result<bool> {
    for delete in [
        "DELETE FROM comments WHERE id IN (SELECT comments.id FROM comments JOIN cards ON cards.id = comments.card_id WHERE cards.board_id = ",
        "DELETE FROM cards WHERE id IN (SELECT id FROM cards WHERE board_id = ",
        "DELETE FROM board_events WHERE (board_id, sequence) IN (SELECT board_id, sequence FROM board_events WHERE board_id = ",
    ] {
        let statement = Statement::<BigInt>::new()
            .sql(delete)
            .number(board.board().id.0)
            .sql(" LIMIT ")
            .number(limit)
            .sql(")");
        if run!(tx, |c| statement.execute(c).await)? > 0 {
            return Ok(false);
        }
    }
    let board = boards::table.find(board.board().id.0);
    run!(tx, |c| diesel::delete(board).execute(c).await)?;
    Ok(true)
}

/// Erases cards of the board, so many at most, that have been in the trash since before `time`.
/// Answers their keys.
pub async fn erase_cards(
    tx: &mut Tx,
    board: &BoardLock,
    time: Timestamp,
    limit: i64,
) -> Result<Vec<CardId>> {
    let statement = Statement::<BigInt>::new()
        .sql("DELETE FROM cards WHERE id IN (SELECT id FROM cards WHERE board_id = ")
        .number(board.board().id.0)
        .sql(" AND deleted_at < ")
        .time(time)
        .sql(" ORDER BY deleted_at, id LIMIT ")
        .number(limit)
        .sql(") RETURNING id");
    let mut ids: Vec<i64> = statement.rows(tx).await?;
    ids.sort_unstable();
    Ok(ids.into_iter().map(CardId).collect())
}
