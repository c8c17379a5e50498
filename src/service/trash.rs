//! Empties the trash of what has been there for too long.

use super::Services;
use crate::domain::{BoardId, EventPayload, Result, Timestamp};
use crate::store::locks::lock_for_purge;
use crate::store::{events, trash};

/// How many boards are looked up, or cards erased in one transaction, at once.
const BATCH: i64 = 100;

/// How many rows of a board are erased in one transaction.
const ROWS: i64 = 1000;

/// Before this, only orphaned boards have been deleted.
fn soon_after_epoch() -> Timestamp {
    Timestamp::EPOCH.days_after(1)
}

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

/// Erases what has been in the trash for more than so many days, in small transactions, each under
/// the board's lock and after a second look: what is restored meanwhile stays. What fails is passed
/// over. Without a number of days, only what is left of boards whose erasing was cut short.
pub async fn purge(services: &Services, days: Option<u32>) -> Result<Purged> {
    let time = days.map_or_else(soon_after_epoch, |days| Timestamp::now().days_before(days));
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

/// Erases what is left of a board that has been orphaned.
pub(super) async fn erase_orphaned(services: &Services, board: BoardId) -> Result<()> {
    purge_board(services, board, soon_after_epoch()).await.map(drop)
}

/// Erases a board that has been in the trash since before `time`, bit by bit; `false` when it has
/// been restored, or another instance has erased it.
async fn purge_board(services: &Services, board: BoardId, time: Timestamp) -> Result<bool> {
    loop {
        let step = services.db.write((board, time), async |tx, (board, time)| {
            let Some(locked) = lock_for_purge(tx, *board).await? else {
                return Ok(Some(false));
            };
            if locked.board().deleted_at.is_none_or(|deleted| deleted >= *time) {
                return Ok(Some(false));
            }
            trash::orphan_board(tx, &locked).await?;
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
                let event = EventPayload::CardsPurged { cards };
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
