//! Finds changes that nobody has told this process about: those of other processes on SQLite, and of other instances if a
//! notification was lost. Also ends the streams of sessions that have ended elsewhere.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::sleep;

use super::Services;
use crate::domain::{Result, UserKey};
use crate::metrics::{self, Job};
use crate::store::{boards, sessions};

/// The pause between two sweeps. What a sweep finds is known within five seconds.
const EVERY: Duration = Duration::from_secs(2);

/// The maximum number of keys in a statement.
const BATCH: usize = 1000;

/// Looks for changes for as long as the program runs.
pub async fn keep_up(services: &Services) {
    tokio::join!(sweep_always(services), tell_lists(services));
}

async fn sweep_always(services: &Services) {
    let mut lists = HashMap::new();
    loop {
        sleep(EVERY).await;
        // An error has been logged; the next sweep finds what this one did not.
        let sweep = sweep(services, &mut lists);
        let _ = metrics::get().jobs.run(Job::Sweep, sweep, |()| true).await;
    }
}

/// What is known of the lists of boards that somebody follows.
type Lists = HashMap<UserKey, Option<(i64, i64, i64)>>;

async fn sweep(services: &Services, lists: &mut Lists) -> Result<()> {
    sweep_sessions(services).await?;
    sweep_boards(services).await?;
    sweep_lists(services, lists).await
}

async fn sweep_sessions(services: &Services) -> Result<()> {
    for keys in services.db.bus().sessions.keys().chunks(BATCH) {
        let now = services.db.now();
        let open = sessions::open(&mut services.db.read().await?, keys, now).await?;
        let ended: Vec<_> = keys.iter().filter(|key| !open.contains(key)).copied().collect();
        services.sessions.forget(&ended);
    }
    Ok(())
}

async fn sweep_boards(services: &Services) -> Result<()> {
    let topics = &services.db.bus().boards;
    for keys in topics.keys().chunks(BATCH) {
        let versions = boards::versions(&mut services.db.read().await?, keys).await?;
        for key in keys {
            match versions.get(key) {
                Some(version) => topics.wake_unless_seen(key, *version),
                // The board is erased.
                None => topics.wake(key),
            }
        }
    }
    Ok(())
}

async fn sweep_lists(services: &Services, known: &mut Lists) -> Result<()> {
    let topics = &services.db.bus().lists;
    let keys = topics.keys();
    let mut now = Lists::with_capacity(keys.len());
    for keys in keys.chunks(BATCH) {
        let found = boards::fingerprints(&mut services.db.read().await?, keys).await?;
        now.extend(keys.iter().map(|key| (*key, found.get(key).copied())));
    }
    for (user, fingerprint) in &now {
        if known.get(user) != Some(fingerprint) {
            topics.wake(user);
        }
    }
    *known = now;
    Ok(())
}

/// Wakes those who follow a list in which a changed board is shown.
async fn tell_lists(services: &Services) {
    let bus = services.db.bus();
    loop {
        let boards: Vec<_> = bus.listed().await.into_iter().map(|change| change.board).collect();
        let users = bus.lists.keys();
        for users in users.chunks(BATCH) {
            let Ok(mut conn) = services.db.read().await else { continue };
            let members = boards::members_among(&mut conn, &boards, users).await;
            for user in members.unwrap_or_default() {
                bus.lists.wake(&user);
            }
        }
    }
}
