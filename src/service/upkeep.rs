//! What the server does by itself, again and again.

use std::time::Duration;

use super::trash::{self, Purged};
use super::{Services, sessions};
use crate::config::Trash;

/// How soon after its start a server first looks, so that one which is often started anew does so
/// too.
const FIRST_LOOK: Duration = Duration::from_mins(1);

/// Empties the trash and erases sessions that have ended, for as long as the server runs. Several
/// instances may do so at once.
pub async fn keep_up(services: &Services, settings: Trash) {
    tokio::time::sleep(settings.every.min(FIRST_LOOK)).await;
    loop {
        // What fails has been logged where it arose, and is tried again the next time.
        if let Ok(Purged { boards, cards, .. }) =
            trash::purge(services, settings.retention_days).await
            && boards + cards > 0
        {
            tracing::info!(boards, cards, "the trash has been emptied");
        }
        let _ = sessions::erase_expired(services).await;
        tokio::time::sleep(settings.every).await;
    }
}
