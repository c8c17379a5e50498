//! Responses that are being sent.
//!
//! The memory of a response is counted until it has been sent, so a client that reads slowly takes it from others. While
//! a request waits for memory, the connections of such clients are closed.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::budget::Budget;
use crate::metrics;

/// Each response may take so long,
const GRACE: Duration = Duration::from_secs(1);

/// and longer by one second for so many bytes of its memory. (Its JSON is half as long or shorter, before compression.)
const BYTES_PER_SECOND: usize = 8 << 20;

/// Holds the memory of a response until it is dropped.
pub struct HeldMemory {
    budget: Arc<Budget>,
    sent: Option<Arc<Sent>>,
}

impl HeldMemory {
    pub(in crate::graphql) fn of(budget: Arc<Budget>) -> Self {
        Self { budget, sent: None }
    }

    /// Tells that the response is being sent now, and how to close its connection.
    pub fn send(&mut self, close: impl Fn() + Send + Sync + 'static) {
        let (began, bytes) = (Instant::now(), self.budget.bytes());
        let sent = Arc::new(Sent { began, bytes, close: Box::new(close) });
        self.budget.sending().add(&sent);
        self.sent = Some(sent);
    }
}

struct Sent {
    began: Instant,
    bytes: usize,
    close: Box<dyn Fn() + Send + Sync>,
}

impl Sent {
    fn is_slow(&self, now: Instant) -> bool {
        let milliseconds = self.bytes.saturating_mul(1000) / BYTES_PER_SECOND;
        now > self.began + GRACE + Duration::from_millis(milliseconds as u64)
    }
}

/// All responses that are being sent.
#[derive(Default)]
pub(super) struct Sending(Mutex<Vec<Weak<Sent>>>);

impl Sending {
    fn add(&self, sent: &Arc<Sent>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|sent| sent.strong_count() > 0);
        all.push(Arc::downgrade(sent));
    }

    /// Closes the connections of those that take too long.
    pub(super) fn close_slow(&self) {
        let (now, mut slow) = (Instant::now(), Vec::new());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|sent| {
            let Some(sent) = sent.upgrade() else { return false };
            let is_slow = sent.is_slow(now);
            slow.extend(is_slow.then_some(sent));
            !is_slow
        });
        for sent in slow {
            metrics::get().live.dropped_readers.inc();
            tracing::info!(
                bytes = sent.bytes,
                "a connection was closed, because its client reads slowly and others need the memory"
            );
            (sent.close)();
        }
    }
}
