//! A cache of sessions, so that not every request reads its session from the database.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use parking_lot::Mutex;

use crate::domain::{SessionId, Timestamp, Viewer};
use crate::events::Topics;

/// A cache of authenticated sessions, which saves a query per request. It is bounded, and entries
/// expire after five seconds, so that every instance soon rejects a revoked session.
pub(super) struct SessionCache {
    known: Cache<SessionId, (Viewer, Timestamp)>,
    /// The number of invalidations. A query that started before the latest one may be stale.
    forgotten: Mutex<u64>,
    /// Sessions with open streams.
    streams: Arc<Topics<SessionId>>,
}

impl SessionCache {
    pub(super) fn new(streams: Arc<Topics<SessionId>>) -> Self {
        let known = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(5));
        Self { known: known.build(), forgotten: Mutex::new(0), streams }
    }

    pub(super) fn epoch(&self) -> u64 {
        *self.forgotten.lock()
    }

    /// The viewer, and when the session began.
    pub(super) fn get(&self, session: SessionId) -> Option<(Viewer, Timestamp)> {
        self.known.get(&session)
    }

    /// Caches a viewer that was read after `epoch`, unless an invalidation has happened since.
    pub(super) fn keep(&self, found: (Viewer, Timestamp), epoch: u64) {
        let forgotten = self.forgotten.lock();
        if *forgotten == epoch {
            self.known.insert(found.0.session, found);
        }
    }

    /// Returns the invalidation to run as soon as the end of sessions has been committed.
    pub(super) fn forgetting(self: &Arc<Self>) -> impl FnOnce(&[SessionId]) + Send + 'static {
        let cache = Arc::clone(self);
        move |sessions| cache.forget(sessions)
    }

    /// Invalidates these sessions, so that they are read from the database again. Their open streams check them at once.
    pub(super) fn forget(&self, sessions: &[SessionId]) {
        let mut forgotten = self.forgotten.lock();
        *forgotten += 1;
        for session in sessions {
            self.known.invalidate(session);
        }
        drop(forgotten);
        for session in sessions {
            self.streams.wake(session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clock, UserId, UserKey};

    #[test]
    fn what_was_looked_up_before_something_was_forgotten_is_not_kept() {
        let cache = SessionCache::new(Arc::default());
        let viewer = Viewer { key: UserKey(1), id: UserId::random(), session: SessionId(1) };
        let found = (viewer, Clock::default().now());
        let epoch = cache.epoch();
        cache.forget(&[viewer.session]);
        cache.keep(found, epoch);
        assert_eq!(cache.get(viewer.session), None);
        cache.keep(found, cache.epoch());
        assert_eq!(cache.get(viewer.session), Some(found));
    }
}
