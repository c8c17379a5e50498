//! Permanent deletion of boards and cards in the trash.

use diesel::prelude::*;

use super::db::Conn;
use super::dsl::{Write, any_of};
use super::lock::{BoardTx, Server};
use super::schema::{boards, cards, users_boards};
use crate::domain::{BoardId, CardId, EventPayload, Result, Timestamp};

/// At most `limit` boards that have been in the trash since before `time`, in the order of their keys, with keys
/// greater than `after`.
pub async fn expired_boards(
    conn: &mut Conn,
    time: Timestamp,
    after: BoardId,
    limit: i64,
) -> Result<Vec<BoardId>> {
    let ids: Vec<i64> = conn
        .load(
            boards::table
                .filter(boards::deleted_at.lt(time))
                .filter(boards::id.gt(after.0))
                .order(boards::id)
                .limit(limit)
                .select(boards::id),
        )
        .await?;
    Ok(ids.into_iter().map(BoardId).collect())
}

/// At most `limit` boards that are not in the trash and have cards that have been there since before `time`, in the
/// order of their keys, with keys greater than `after`.
pub async fn boards_of_expired_cards(
    conn: &mut Conn,
    time: Timestamp,
    after: BoardId,
    limit: i64,
) -> Result<Vec<BoardId>> {
    let ids: Vec<i64> = conn
        .load(
            cards::table
                .inner_join(boards::table)
                .filter(cards::deleted_at.lt(time))
                .filter(cards::board_id.gt(after.0))
                .filter(boards::deleted_at.is_null())
                .select(cards::board_id)
                .distinct()
                .order(cards::board_id)
                .limit(limit),
        )
        .await?;
    Ok(ids.into_iter().map(BoardId).collect())
}

/// Removes all members from a board that will be purged in steps, so that nobody can restore what is left of it. Its
/// time of deletion becomes the Unix epoch: whatever interrupts the purge, the next one continues it.
pub async fn orphan_board<P>(board: &mut BoardTx<'_, P>) -> Result<()> {
    let id = board.id().0;
    let members = users_boards::table.filter(users_boards::board_id.eq(id));
    board.purge(diesel::delete(members)).await?;
    let deleted = boards::deleted_at.eq(Timestamp::EPOCH);
    board.purge(diesel::update(boards::table.find(id)).set(deleted)).await?;
    Ok(())
}

/// Deletes at most `limit` rows of an orphaned board, and in the end the board itself. Returns whether the board is
/// deleted.
pub async fn purge_board(board: &mut BoardTx<'_, Server>, limit: i64) -> Result<bool> {
    for delete in [
        "DELETE FROM comments WHERE id IN (SELECT comments.id FROM comments JOIN cards ON cards.id = comments.card_id WHERE cards.board_id = ",
        "DELETE FROM cards WHERE id IN (SELECT id FROM cards WHERE board_id = ",
        "DELETE FROM board_events WHERE (board_id, sequence) IN (SELECT board_id, sequence FROM board_events WHERE board_id = ",
    ] {
        let statement =
            Write::new().sql(delete).number(board.id().0).sql(" LIMIT ").number(limit).sql(")");
        if board.purge(statement).await? > 0 {
            return Ok(false);
        }
    }
    let target = boards::table.find(board.id().0);
    board.purge(diesel::delete(target)).await?;
    Ok(true)
}

/// Deletes at most `limit` cards of the board that have been in the trash since before `time`. Returns their number.
pub async fn purge_cards(
    board: &mut BoardTx<'_, Server>,
    time: Timestamp,
    limit: i64,
) -> Result<usize> {
    let expired = cards::table
        .filter(cards::board_id.eq(board.id().0))
        .filter(cards::deleted_at.lt(time))
        .order((cards::deleted_at, cards::id))
        .limit(limit)
        .select(cards::id);
    let ids: Vec<i64> = board.conn().load(expired).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let mut cards: Vec<CardId> = ids.iter().copied().map(CardId).collect();
    cards.sort_unstable();
    let count = cards.len();
    let delete = diesel::delete(cards::table.filter(any_of(cards::id, ids)));
    board.write(EventPayload::CardsPurged { cards }, delete).await?;
    Ok(count)
}
