//! Empties the trash of what has been there for too long.

use std::time::Duration;

use super::Services;
use crate::config::Trash;
use crate::domain::{BoardId, Change, Result, Timestamp};
use crate::store::access::lock_for_purge;
use crate::store::{events, trash};

/// How many boards are looked up, or cards erased in one transaction, at once.
const BATCH: i64 = 100;

/// How soon after its start a server first looks, so that one which is often started anew does so
/// too.
const FIRST_LOOK: Duration = Duration::from_mins(1);

/// How many rows of a board are erased in one transaction.
const ROWS: i64 = 1000;

/// What was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Boards, with everything on them.
    pub boards: usize,
    /// Cards of other boards.
    pub cards: usize,
    /// Boards that could not be erased, or whose cards could not. The log says why.
    pub failed: usize,
}

/// Empties the trash again and again, for as long as the server runs. Several instances may do so
/// at once.
pub async fn keep_emptying(services: &Services, settings: Trash) {
    let Some(days) = settings.retention_days else {
        return std::future::pending().await;
    };
    tokio::time::sleep(settings.every.min(FIRST_LOOK)).await;
    loop {
        // What failed has been logged where it arose, and is tried again the next time.
        if let Ok(Purged { boards, cards, .. }) = purge(services, days).await
            && boards + cards > 0
        {
            tracing::info!(boards, cards, "the trash has been emptied");
        }
        tokio::time::sleep(settings.every).await;
    }
}

/// Erases what has been in the trash for more than so many days, in small transactions, each under
/// the board's lock and after a second look: what is restored meanwhile stays. What fails is passed
/// over.
pub async fn purge(services: &Services, days: u32) -> Result<Purged> {
    let time = Timestamp::now().days_before(days);
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

/// Erases a board, bit by bit; `false` when it has been restored, or another instance has erased it.
async fn purge_board(services: &Services, board: BoardId, time: Timestamp) -> Result<bool> {
    loop {
        let step = services.db.write((board, time), async |tx, (board, time)| {
            let Some(locked) = lock_for_purge(tx, *board).await? else {
                return Ok(Some(false));
            };
            if !trash::forsake_board(tx, &locked, *time).await? {
                return Ok(Some(false));
            }
            let ended = trash::erase_board(tx, &locked, ROWS).await?;
            Ok(ended.then_some(true))
        });
        if let Some(erased) = step.await? {
            return Ok(erased);
        }
    }
}

/// Erases cards of a board in use, batch by batch, and counts them.
async fn purge_cards(
    services: &Services,
    board: BoardId,
    time: Timestamp,
    count: &mut usize,
) -> Result<()> {
    loop {
        let batch = services.db.write((board, time), async |tx, (board, time)| {
            let Some(mut locked) = lock_for_purge(tx, *board).await? else {
                return Ok(0);
            };
            if locked.board().deleted_at.is_some() {
                return Ok(0);
            }
            let cards = trash::erase_cards(tx, &locked, *time, BATCH).await?;
            let count = cards.len();
            if count > 0 {
                let event = Change::CardsPurged { cards };
                events::record_by_server(tx, &mut locked, &[event], Timestamp::now()).await?;
            }
            Ok(count)
        });
        match batch.await? {
            0 => return Ok(()),
            erased => *count += erased,
        }
    }
}
