//! Permanent deletion of boards and cards in the trash.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::db::{Conn, Tx};
use super::dsl::{Statement, Write, any_of, numbers, select, texts};
use super::events::kind_and_payload;
use super::lock::{BoardTx, Server};
use super::rows::EventRow;
use super::schema::{boards, cards, users_boards};
use crate::domain::{BoardId, CardId, Event, EventPayload, Result, Timestamp, UserKey};

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

/// Does the same at once with all boards of which the user is the only member. They are locked first, so that nobody
/// joins one meanwhile.
pub async fn orphan_boards_of(tx: &mut Tx, user: UserKey) -> Result<()> {
    let lock = Statement::<BigInt>::new()
        .sql("SELECT id FROM boards WHERE id IN (")
        .alone_on(user)
        .sql(") ORDER BY id")
        .either(" FOR NO KEY UPDATE", "");
    let locked: Vec<i64> = tx.load(lock).await?;
    if locked.is_empty() {
        return Ok(());
    }
    let orphan = Write::new()
        .sql("UPDATE boards SET deleted_at = ")
        .time(Timestamp::EPOCH)
        .sql(" WHERE id")
        .in_list(numbers(locked, |id| id))
        .sql(" AND id IN (")
        .alone_on(user)
        .sql(")");
    tx.execute(orphan).await?;
    let orphaned = boards::table.filter(boards::deleted_at.eq(Timestamp::EPOCH)).select(boards::id);
    let memberships = users_boards::table
        .filter(users_boards::user_id.eq(user.0))
        .filter(users_boards::board_id.eq_any(orphaned));
    tx.execute(diesel::delete(memberships)).await?;
    Ok(())
}

impl<ST> Statement<ST> {
    /// The boards of which the user is the only member.
    fn alone_on(self, user: UserKey) -> Self {
        self.sql("SELECT board_id FROM users_boards AS own WHERE own.user_id = ")
            .number(user.0)
            .sql(" AND NOT EXISTS (SELECT 1 FROM users_boards AS other")
            .sql(" WHERE other.board_id = own.board_id AND other.user_id <> own.user_id)")
    }
}

/// Deletes at most `limit` rows of an orphaned board, and in the end the board itself. Returns whether the board is
/// deleted.
pub async fn purge_board(board: &mut BoardTx<'_, Server>, limit: i64) -> Result<bool> {
    let mut left = limit;
    for delete in [
        "DELETE FROM comments WHERE id IN (SELECT comments.id FROM comments JOIN cards ON cards.id = comments.card_id WHERE cards.board_id = ",
        "DELETE FROM cards WHERE id IN (SELECT id FROM cards WHERE board_id = ",
        "DELETE FROM board_events WHERE (board_id, sequence) IN (SELECT board_id, sequence FROM board_events WHERE board_id = ",
    ] {
        let statement =
            Write::new().sql(delete).number(board.id().0).sql(" LIMIT ").number(left).sql(")");
        left -= i64::try_from(board.purge(statement).await?).unwrap_or(limit);
        if left <= 0 {
            return Ok(false);
        }
    }
    let target = boards::table.find(board.id().0);
    board.purge(diesel::delete(target)).await?;
    Ok(true)
}

/// Removes what was written on cards that have been in the trash since before `time` from at most `limit` events of the
/// board. Returns the number of events.
pub async fn erase_texts(
    board: &mut BoardTx<'_, Server>,
    time: Timestamp,
    limit: i64,
) -> Result<usize> {
    // The patterns cannot be in a text, whose quotation marks are escaped.
    let statement = select::<EventRow>()
        .sql(" FROM board_events JOIN cards ON cards.id = board_events.card_id")
        .sql(" WHERE cards.board_id = board_events.board_id AND cards.deleted_at < ")
        .time(time)
        .sql(" AND board_events.board_id = ")
        .number(board.id().0)
        .sql(" AND (board_events.kind = 'CARD_DELETED' AND board_events.payload NOT LIKE '%\"title\":\"\"%'")
        .sql(" OR board_events.kind = 'CARD_UPDATED' AND (board_events.payload LIKE '%\"from\":\"%'")
        .sql(" OR board_events.payload LIKE '%\"to\":\"%')) LIMIT ")
        .number(limit);
    let rows: Vec<EventRow> = board.conn().load(statement).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let erased = rows.into_iter().map(|row| {
        let mut event = Event::try_from(row)?;
        event.payload.erase_texts();
        Ok((event.sequence, kind_and_payload(&event.payload)?.1))
    });
    let erased = erased.collect::<Result<Vec<_>>>()?;
    let update = Write::new()
        .sql("UPDATE board_events SET payload = new.payload FROM ")
        .table(
            "new",
            [
                ("sequence", numbers(&erased, |event| event.0)),
                ("payload", texts(&erased, |event| event.1.clone())),
            ],
        )
        .sql(" WHERE board_events.sequence = new.sequence AND board_events.board_id = ")
        .number(board.id().0);
    board.purge(update).await?;
    Ok(erased.len())
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
