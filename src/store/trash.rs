//! What has been in the trash for too long.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::access::BoardLock;
use super::schema::{boards, cards};
use super::sql::Statement;
use super::{Conn, Tx};
use crate::domain::{BoardId, CardId, Result, Timestamp};

/// Boards, so many at most, that have been in the trash since before `time`.
pub async fn expired_boards(conn: &mut Conn, time: Timestamp, limit: i64) -> Result<Vec<BoardId>> {
    let ids: Vec<i64> = run!(conn, |c| boards::table
        .filter(boards::deleted_at.lt(time))
        .order(boards::deleted_at)
        .limit(limit)
        .select(boards::id)
        .load(c)
        .await)?;
    Ok(ids.into_iter().map(BoardId).collect())
}

/// The boards in use of cards, so many at most, that have been in the trash since before `time`. On
/// a board that is in the trash itself, all stays as it was.
pub async fn boards_of_expired_cards(
    conn: &mut Conn,
    time: Timestamp,
    limit: i64,
) -> Result<BTreeSet<BoardId>> {
    let ids: Vec<i64> = run!(conn, |c| cards::table
        .inner_join(boards::table)
        .filter(cards::deleted_at.lt(time))
        .filter(boards::deleted_at.is_null())
        .order(cards::deleted_at)
        .limit(limit)
        .select(cards::board_id)
        .load(c)
        .await)?;
    Ok(ids.into_iter().map(BoardId).collect())
}

/// Erases the board with everything on it, if it has been in the trash since before `time`.
pub async fn erase_board(tx: &mut Tx, board: &BoardLock, time: Timestamp) -> Result<bool> {
    let target = boards::table.find(board.board().id.0).filter(boards::deleted_at.lt(time));
    Ok(run!(tx, |c| diesel::delete(target).execute(c).await)? > 0)
}

/// Erases cards of the board, so many at most, that have been in the trash since before `time`.
/// Answers their keys.
pub async fn erase_cards(
    tx: &mut Tx,
    board: &BoardLock,
    time: Timestamp,
    limit: i64,
) -> Result<Vec<CardId>> {
    let statement = Statement::<BigInt>::new(())
        .sql("DELETE FROM cards WHERE id IN (SELECT id FROM cards WHERE board_id = ")
        .number(board.board().id.0)
        .sql(" AND deleted_at < ")
        .time(time)
        .sql(" ORDER BY deleted_at, id LIMIT ")
        .number(limit)
        .sql(") RETURNING id");
    let mut ids: Vec<i64> = run!(tx, |c| statement.load(c).await)?;
    ids.sort_unstable();
    Ok(ids.into_iter().map(CardId).collect())
}
