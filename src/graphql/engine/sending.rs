//! Responses that are being sent.
//!
//! The memory of a response is counted until it has been sent, so a client that reads slowly takes it from others. While
//! a request waits for memory, the connections of such clients are closed.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::budget::Budget;
use crate::metrics;

/// The time that each response may take to be sent.
const GRACE: Duration = Duration::from_secs(1);

/// The bytes of its memory for which it may take one second more. (Its JSON is half as long or shorter, before
/// compression.)
const BYTES_PER_SECOND: usize = 8 << 20;

/// The time that the largest response may take. Less than a request waits for memory.
const LONGEST: Duration = Duration::from_secs(8);

/// Holds the memory of a response until it is dropped.
pub struct HeldMemory(Arc<Budget>);

impl HeldMemory {
    pub(in crate::graphql) fn of(budget: Arc<Budget>) -> Self {
        Self(budget)
    }

    /// Begins to send the responses that hold this memory, in one transfer. `close` closes its connection. `None` if they
    /// hold no memory that others could need.
    pub fn transfer<'m>(
        all: impl IntoIterator<Item = &'m Self>,
        close: impl Fn() + Send + Sync + 'static,
    ) -> Option<Transfer> {
        let (mut bytes, mut memory) = (0, None);
        for Self(budget) in all {
            bytes += budget.reserved();
            memory = Some(budget.memory());
        }
        let (began, close) = (Instant::now(), Box::new(close));
        memory.filter(|_| bytes > 0).map(|memory| {
            let transfer = Arc::new(Sending { began, bytes, close });
            memory.transfers.add(&transfer);
            Transfer { _sending: transfer }
        })
    }
}

/// A response on its way to its client. Dropped when it has been sent.
pub struct Transfer {
    _sending: Arc<Sending>,
}

struct Sending {
    began: Instant,
    /// Of the memory that is held.
    bytes: usize,
    close: Box<dyn Fn() + Send + Sync>,
}

impl Sending {
    fn is_slow(&self, now: Instant) -> bool {
        let milliseconds = self.bytes.saturating_mul(1000) / BYTES_PER_SECOND;
        let allowed = GRACE + Duration::from_millis(milliseconds as u64);
        now > self.began + allowed.min(LONGEST)
    }
}

/// All responses that are being sent.
#[derive(Default)]
pub(super) struct Transfers(Mutex<Vec<Weak<Sending>>>);

impl Transfers {
    fn add(&self, transfer: &Arc<Sending>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|transfer| transfer.strong_count() > 0);
        all.push(Arc::downgrade(transfer));
    }

    /// Closes the connections of those that take too long.
    pub(super) fn close_slow(&self) {
        let (now, mut slow) = (Instant::now(), Vec::new());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|transfer| {
            let Some(transfer) = transfer.upgrade() else { return false };
            let is_slow = transfer.is_slow(now);
            slow.extend(is_slow.then_some(transfer));
            !is_slow
        });
        for transfer in slow {
            // It may have ended meanwhile, and its connection may serve another request.
            if Arc::strong_count(&transfer) > 1 {
                (transfer.close)();
                metrics::get().live.dropped_readers.inc();
                tracing::info!(
                    bytes = transfer.bytes,
                    "a connection was closed, because its client reads slowly and others need the memory"
                );
            }
        }
    }
}
