//! Permanent deletion of boards and cards whose retention time in the trash has expired.

use super::Services;
use crate::domain::{BoardId, Result, Timestamp};
use crate::store::lock::lock_for_purge;
use crate::store::trash;

/// The maximum number of boards per query, and of cards erased per transaction.
const BATCH: i64 = 100;

/// The maximum number of rows of a board that are erased per transaction.
const ROWS: i64 = 1000;

/// Only orphaned boards have a deletion time before this: it is set to the Unix epoch.
fn soon_after_epoch() -> Timestamp {
    Timestamp::EPOCH.days_after(1)
}

/// The result of [`purge`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// The number of boards that were erased with everything on them.
    pub boards: usize,
    /// The number of cards that were erased on other boards.
    pub cards: usize,
    /// The number of boards that failed, or whose cards failed. The causes are in the log.
    pub failed: usize,
}

/// Erases boards and cards that have been in the trash for more than `days` days. `None` erases only
/// the rest of boards whose erasure was interrupted.
///
/// Works in small transactions. Each takes the board's lock and checks again, so that objects restored
/// in the meantime are kept. Boards that fail are skipped and counted.
pub async fn purge(services: &Services, days: Option<u32>) -> Result<Purged> {
    let time = days.map_or_else(soon_after_epoch, |days| services.db.now().days_before(days));
    let mut purged = Purged::default();
    let mut last = BoardId(0);
    loop {
        let mut conn = services.db.read().await?;
        let expired = trash::expired_boards(&mut conn, time, last, BATCH).await?;
        drop(conn);
        let Some(end) = expired.last() else { break };
        last = *end;
        for board in expired {
            match purge_board(services, board, time).await {
                Ok(erased) => purged.boards += usize::from(erased),
                Err(_) => purged.failed += 1,
            }
        }
    }
    last = BoardId(0);
    loop {
        let mut conn = services.db.read().await?;
        let boards = trash::boards_of_expired_cards(&mut conn, time, last, BATCH).await?;
        drop(conn);
        let Some(end) = boards.last() else { return Ok(purged) };
        last = *end;
        for board in boards {
            if purge_cards(services, board, time, &mut purged.cards).await.is_err() {
                purged.failed += 1;
            }
        }
    }
}

/// Erases a board that was moved to the trash before `time`, in several transactions. Returns `false`
/// if the board was restored or another instance has erased it.
async fn purge_board(services: &Services, board: BoardId, time: Timestamp) -> Result<bool> {
    loop {
        let step = services.db.write((board, time), async |tx, (board, time)| {
            let Some(mut board) = lock_for_purge(tx, *board).await? else {
                return Ok(Some(false));
            };
            if board.board().deleted_at.is_none_or(|deleted| deleted >= *time) {
                return Ok(Some(false));
            }
            trash::orphan_board(&mut board).await?;
            let ended = trash::purge_board(&mut board, ROWS).await?;
            Ok(ended.then_some(true))
        });
        if let Some(erased) = step.await? {
            return Ok(erased);
        }
    }
}

/// Erases expired cards of a board that is not in the trash, and what the history says of their texts, in batches, and
/// adds their number to `count`.
async fn purge_cards(
    services: &Services,
    board: BoardId,
    time: Timestamp,
    count: &mut usize,
) -> Result<()> {
    loop {
        let batch = services.db.write((board, time), async |tx, (board, time)| {
            let Some(mut board) = lock_for_purge(tx, *board).await? else {
                return Ok(None);
            };
            if board.board().deleted_at.is_some() {
                return Ok(None);
            }
            let cards = trash::expired_cards(&mut board, *time, BATCH).await?;
            if cards.is_empty() {
                return Ok(None);
            }
            if !trash::erase_texts(&mut board, &cards, ROWS).await? {
                return Ok(Some(0));
            }
            let count = cards.len();
            trash::purge_cards(&mut board, cards).await?;
            board.finish().await?;
            Ok(Some(count))
        });
        match batch.await? {
            None => return Ok(()),
            Some(erased) => *count += erased,
        }
    }
}
