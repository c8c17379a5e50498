//! Responses that are being sent.
//!
//! The memory of a response is counted until it has been sent, so a client that reads slowly takes it from others. While
//! a request waits for memory, the connections of such clients are closed.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::metrics;
use parking_lot::Mutex;

/// The time that each response may take to be sent.
const GRACE: Duration = Duration::from_secs(1);

/// The assumed minimum transfer rate, in bytes of the memory that a response holds. (Its JSON is about
/// as long or shorter, before compression.)
const BYTES_PER_SECOND: usize = 8 << 20;

/// The time that the largest response may take. Less than a request waits for memory.
const LONGEST: Duration = Duration::from_secs(8);

/// A response on its way to its client. Dropped when it has been sent.
pub struct Transfer(Arc<Sending>);

impl Drop for Transfer {
    fn drop(&mut self) {
        *self.0.close.lock() = None;
    }
}

struct Sending {
    began: Instant,
    /// Of the memory that is held.
    bytes: usize,
    /// `None` when it has been sent.
    close: Mutex<Option<Box<dyn Fn() + Send>>>,
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
    /// Begins the transfer of a response that holds so many bytes. `close` closes its connection.
    pub(super) fn begin(&self, bytes: usize, close: impl Fn() + Send + 'static) -> Transfer {
        let close = Mutex::new(Some(Box::new(close) as Box<dyn Fn() + Send>));
        let transfer = Arc::new(Sending { began: Instant::now(), bytes, close });
        let mut all = self.0.lock();
        all.retain(|transfer| transfer.strong_count() > 0);
        all.push(Arc::downgrade(&transfer));
        Transfer(transfer)
    }

    /// Closes the connections of those that take too long.
    pub(super) fn close_slow(&self) {
        let (now, mut slow) = (Instant::now(), Vec::new());
        self.0.lock().retain(|transfer| {
            let Some(transfer) = transfer.upgrade() else { return false };
            let is_slow = transfer.is_slow(now);
            slow.extend(is_slow.then_some(transfer));
            !is_slow
        });
        for transfer in slow {
            // Under the lock: if it has ended, its connection may serve another request.
            let mut close = transfer.close.lock();
            let Some(close) = close.take() else { continue };
            close();
            metrics::get().live.dropped_readers.inc();
            tracing::info!(
                bytes = transfer.bytes,
                "a connection was closed, because its client reads slowly and others need the memory"
            );
        }
    }
}
