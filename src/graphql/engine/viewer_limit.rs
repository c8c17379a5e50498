//! Limits how many requests of one viewer run concurrently to fewer than the pool has connections, so that no
//! viewer can use all of them. Excess requests wait.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::UserKey;
use crate::metrics::{self, Open};

/// How long an idle viewer is remembered.
const IDLE: Duration = Duration::from_mins(5);

/// How many viewers are remembered.
const VIEWERS: u64 = 100_000;

pub(super) struct ViewerLimit {
    running: Cache<UserKey, Arc<Semaphore>>,
    at_once: usize,
}

impl ViewerLimit {
    /// Allows four fifths of the `connections` of the pool.
    pub(super) fn new(connections: usize) -> Self {
        let running = Cache::builder().max_capacity(VIEWERS).time_to_idle(IDLE).build();
        Self { running, at_once: (connections * 4 / 5).max(1) }
    }

    /// Waits until the viewer may run another request, which lasts until the permit is dropped.
    pub(super) async fn take(&self, viewer: UserKey) -> Option<OwnedSemaphorePermit> {
        let running = self.running.get_with(viewer, || Arc::new(Semaphore::new(self.at_once)));
        if let Ok(permit) = Arc::clone(&running).try_acquire_owned() {
            return Some(permit);
        }
        let _waiting = Open::one(&metrics::get().requests.waiting_for_user);
        running.acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_is_too_much_waits_and_others_do_not() {
        let viewer_limit = ViewerLimit::new(3);
        let (ann, bob) = (UserKey(1), UserKey(2));
        let first = viewer_limit.take(ann).await;
        let _second = viewer_limit.take(ann).await;
        assert!(viewer_limit.take(ann).now_or_never().is_none());
        assert!(viewer_limit.take(bob).now_or_never().is_some());
        drop(first);
        assert!(viewer_limit.take(ann).now_or_never().is_some());
    }
}
