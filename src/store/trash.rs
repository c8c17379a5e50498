//! Permanent deletion of boards and cards in the trash.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::db::{Conn, Tx};
use super::dsl::{Statement, Write, any_of, numbers, select, texts};
use super::events::kind_and_payload;
use super::lock::{BoardTx, Purges, Server};
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
pub async fn orphan_board<P: Purges>(board: &mut BoardTx<'_, P>) -> Result<()> {
    let id = board.id().0;
    let members = users_boards::table.filter(users_boards::board_id.eq(id));
    board.purge(diesel::delete(members)).await?;
    let deleted = boards::deleted_at.eq(Timestamp::EPOCH);
    board.purge(diesel::update(boards::table.find(id)).set(deleted)).await?;
    Ok(())
}

/// Does the same in one statement with all boards of which the user is the only member. They are locked first, so that nobody
/// joins one meanwhile. Returns their number.
pub async fn orphan_boards_of(tx: &mut Tx, user: UserKey) -> Result<usize> {
    let lock = Statement::<BigInt>::new()
        .sql("SELECT id FROM boards WHERE id IN (")
        .alone_on(user)
        .sql(") ORDER BY id")
        .either(" FOR NO KEY UPDATE", "");
    let locked: Vec<i64> = tx.load(lock).await?;
    if locked.is_empty() {
        return Ok(0);
    }
    let orphan = Write::new()
        .sql("UPDATE boards SET deleted_at = ")
        .time(Timestamp::EPOCH)
        .sql(" WHERE id")
        .in_list(numbers(locked, |id| id))
        .sql(" AND id IN (")
        .alone_on(user)
        .sql(")");
    let count = tx.execute(orphan).await?;
    let orphaned = boards::table.filter(boards::deleted_at.eq(Timestamp::EPOCH)).select(boards::id);
    let memberships = users_boards::table
        .filter(users_boards::user_id.eq(user.0))
        .filter(users_boards::board_id.eq_any(orphaned));
    tx.execute(diesel::delete(memberships)).await?;
    Ok(count)
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

/// At most `limit` cards of the board that have been in the trash since before `time`.
pub async fn expired_cards(
    board: &mut BoardTx<'_, Server>,
    time: Timestamp,
    limit: i64,
) -> Result<Vec<CardId>> {
    let expired = cards::table
        .filter(cards::board_id.eq(board.id().0))
        .filter(cards::deleted_at.lt(time))
        .order((cards::deleted_at, cards::id))
        .limit(limit)
        .select(cards::id);
    let ids: Vec<i64> = board.conn().load(expired).await?;
    Ok(ids.into_iter().map(CardId).collect())
}

/// Removes what was written on these cards from at most `limit` events of the board. Returns whether no such event is left.
pub async fn erase_texts(
    board: &mut BoardTx<'_, Server>,
    cards: &[CardId],
    limit: i64,
) -> Result<bool> {
    // The patterns cannot be in a text, whose quotation marks are escaped.
    let statement = select::<EventRow>()
        .sql(" FROM board_events WHERE board_id = ")
        .number(board.id().0)
        .sql(" AND card_id")
        .in_numbers(cards.iter().map(|card| card.0).collect())
        .sql(" AND (kind = 'CARD_DELETED' AND payload NOT LIKE '%\"title\":\"\"%'")
        .sql(" OR kind = 'CARD_UPDATED' AND (payload LIKE '%\"from\":\"%'")
        .sql(" OR payload LIKE '%\"to\":\"%')) LIMIT ")
        .number(limit);
    let rows: Vec<EventRow> = board.conn().load(statement).await?;
    let erased = rows.into_iter().map(|row| {
        let mut event = Event::try_from(row)?;
        event.payload.erase_texts();
        Ok((event.sequence, kind_and_payload(&event.payload)?.1))
    });
    let erased = erased.collect::<Result<Vec<_>>>()?;
    if erased.is_empty() {
        return Ok(true);
    }
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
    Ok(i64::try_from(erased.len()).is_ok_and(|count| count < limit))
}

/// Deletes these cards of the board.
pub async fn purge_cards(board: &mut BoardTx<'_, Server>, mut purged: Vec<CardId>) -> Result<()> {
    purged.sort_unstable();
    let ids: Vec<i64> = purged.iter().map(|card| card.0).collect();
    let delete = diesel::delete(cards::table.filter(any_of(cards::id, ids)));
    board.write(EventPayload::CardsPurged { cards: purged }, delete).await?;
    Ok(())
}
