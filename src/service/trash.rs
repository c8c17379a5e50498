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

/// What was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Boards, with everything on them.
    pub boards: usize,
    /// Cards of other boards.
    pub cards: usize,
}

/// Empties the trash again and again, for as long as the server runs. Several instances may do so
/// at once.
pub async fn keep_emptying(services: &Services, settings: Trash) {
    let Some(days) = settings.retention_days else {
        return std::future::pending().await;
    };
    tokio::time::sleep(settings.every.min(FIRST_LOOK)).await;
    loop {
        // A failure has been logged where it arose; the next time is soon.
        if let Ok(Purged { boards, cards }) = purge(services, days).await
            && boards + cards > 0
        {
            tracing::info!(boards, cards, "the trash has been emptied");
        }
        tokio::time::sleep(settings.every).await;
    }
}

/// Erases what has been in the trash for more than so many days, in small transactions, each under
/// the board's lock and after a second look: what is restored meanwhile stays.
pub async fn purge(services: &Services, days: u32) -> Result<Purged> {
    let time = Timestamp::now().days_before(days);
    let mut purged = Purged::default();
    loop {
        let expired = trash::expired_boards(&mut services.db.read().await?, time, BATCH).await?;
        if expired.is_empty() {
            break;
        }
        for board in expired {
            purged.boards += usize::from(purge_board(services, board, time).await?);
        }
    }
    loop {
        let boards =
            trash::boards_of_expired_cards(&mut services.db.read().await?, time, BATCH).await?;
        if boards.is_empty() {
            break;
        }
        for board in boards {
            purged.cards += purge_cards(services, board, time).await?;
        }
    }
    Ok(purged)
}

async fn purge_board(services: &Services, board: BoardId, time: Timestamp) -> Result<bool> {
    services
        .db
        .write((board, time), async |tx, (board, time)| match lock_for_purge(tx, *board).await? {
            Some(locked) => trash::erase_board(tx, &locked, *time).await,
            None => Ok(false),
        })
        .await
}

/// A batch of a board's cards.
async fn purge_cards(services: &Services, board: BoardId, time: Timestamp) -> Result<usize> {
    services
        .db
        .write((board, time), async |tx, (board, time)| {
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
        })
        .await
}
