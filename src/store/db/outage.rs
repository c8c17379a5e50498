//! When the database was out of reach.

use std::time::{Duration, Instant};

use tokio::sync::watch;

/// The end of the latest outage.
///
/// The connections that were open then are closed, even if the network would carry on with them: nobody knows which of
/// them are dead, and TCP takes long to find out.
#[derive(Clone, Default)]
pub(super) struct Outage {
    end: watch::Sender<Option<Instant>>,
    /// When the server was found writable after it was read-only.
    writable: watch::Sender<Option<Instant>>,
}

impl Outage {
    /// Whether a connection that was opened at this time is from before the end of the latest outage.
    pub(super) fn has_cut(&self, opened: Instant) -> bool {
        self.end.borrow().is_some_and(|end| opened < end)
    }

    /// Whether a connection that was opened at this time should not be used again. Its session may be read-only.
    pub(super) fn makes_stale(&self, opened: Instant) -> bool {
        self.has_cut(opened) || self.writable.borrow().is_some_and(|since| opened < since)
    }

    /// Waits for the end of the next outage.
    pub(super) async fn next_end(&self) {
        // An error is impossible, because `self` is a sender.
        let _ = self.end.subscribe().changed().await;
    }

    /// How long ago the latest outage ended.
    pub(super) fn time_since_end(&self) -> Option<Duration> {
        self.end.borrow().map(|end| end.elapsed())
    }

    pub(super) fn ends(&self) {
        self.end.send_replace(Some(Instant::now()));
    }

    pub(super) fn becomes_writable(&self) {
        self.writable.send_replace(Some(Instant::now()));
    }
}
