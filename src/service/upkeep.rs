//! Periodic maintenance of the database.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::backfill::{self, Folded};
use super::trash::{self, Purged};
use super::{Services, mail_tokens, once, sessions};
use crate::config::Trash;
use crate::metrics::{self, Job};

/// The maximum delay of the first run after the start, so that maintenance also runs on a server that
/// is restarted often.
const FIRST_LOOK: Duration = Duration::from_mins(1);

/// Purges the trash, deletes expired sessions and old receipts, and folds stored texts anew at regular intervals. Never returns. Several instances
/// may run it at the same time.
pub async fn keep_up(services: &Services, settings: Trash) {
    let first = Instant::now() + settings.every.min(FIRST_LOOK);
    erase_orphans_until(services, first).await;
    let jobs = &metrics::get().jobs;
    loop {
        // Errors have already been logged; the next run tries again.
        let purge = trash::purge(services, settings.retention_days);
        let purge = jobs.run(Job::Purge, purge, |purged| purged.failed == 0);
        if let Ok(Purged { boards, cards, .. }) = purge.await
            && boards + cards > 0
        {
            tracing::info!(boards, cards, "erased expired boards and cards from the trash");
        }
        let _ = jobs.run(Job::Sessions, sessions::erase_expired(services), |()| true).await;
        let tokens = mail_tokens::erase_expired(services);
        let _ = jobs.run(Job::MailTokens, tokens, |()| true).await;
        let _ = jobs.run(Job::Receipts, once::forget_old(services), |()| true).await;
        let fold = jobs.run(Job::Fold, backfill::run(services), |_| true);
        if let Ok(Folded { boards, cards, accounts, .. }) = fold.await
            && boards + cards + accounts > 0
        {
            tracing::info!(
                boards,
                cards,
                accounts,
                "folded search texts and keys of addresses anew"
            );
        }
        erase_orphans_until(services, Instant::now() + settings.every).await;
    }
}

/// Erases boards of deleted accounts as soon as there are any, until this time.
async fn erase_orphans_until(services: &Services, time: Instant) {
    while timeout_at(time, services.orphans.notified()).await.is_ok() {
        let purge = trash::purge(services, None);
        let _ = metrics::get().jobs.run(Job::Purge, purge, |purged| purged.failed == 0).await;
    }
}
