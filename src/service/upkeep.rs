//! Periodic maintenance of the database.

use std::time::Duration;

use super::backfill::{self, Folded};
use super::trash::{self, Purged};
use super::{Services, once, sessions};
use crate::config::Trash;

/// The maximum delay of the first run after the start, so that maintenance also runs on a server that
/// is restarted often.
const FIRST_LOOK: Duration = Duration::from_mins(1);

/// Purges the trash, deletes expired sessions and old receipts, and folds stored texts anew at regular intervals. Never returns. Several instances
/// may run it at the same time.
pub async fn keep_up(services: &Services, settings: Trash) {
    tokio::time::sleep(settings.every.min(FIRST_LOOK)).await;
    loop {
        // Errors have already been logged; the next run tries again.
        if let Ok(Purged { boards, cards, .. }) =
            trash::purge(services, settings.retention_days).await
            && boards + cards > 0
        {
            tracing::info!(boards, cards, "erased expired boards and cards from the trash");
        }
        let _ = sessions::erase_expired(services).await;
        let _ = once::forget_old(services).await;
        if let Ok(Folded { boards, cards, accounts, .. }) = backfill::run(services).await
            && boards + cards + accounts > 0
        {
            tracing::info!(
                boards,
                cards,
                accounts,
                "folded search texts and keys of addresses anew"
            );
        }
        tokio::time::sleep(settings.every).await;
    }
}
