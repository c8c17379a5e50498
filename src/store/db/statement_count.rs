//! Counts statements.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::{Instrumentation, InstrumentationEvent};

/// Counts the statements of all connections of a [`Db`](super::Db).
#[derive(Clone, Default)]
pub(super) struct StatementCount {
    sent: Arc<AtomicU64>,
    prepared: Arc<AtomicU64>,
}

impl StatementCount {
    /// Leaves the next statement out of the count.
    pub(super) fn skip_next(&self) {
        self.sent.fetch_sub(1, Ordering::Relaxed);
    }

    /// The number of statements that were run.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// The number of statements that were prepared, because their connection did not know them yet.
    pub(super) fn prepared(&self) -> u64 {
        self.prepared.load(Ordering::Relaxed)
    }
}

impl Instrumentation for StatementCount {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        let count = match event {
            // The SQL text is not read: Diesel would format every bound value.
            InstrumentationEvent::StartQuery { .. } => &self.sent,
            InstrumentationEvent::CacheQuery { .. } => &self.prepared,
            _ => return,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
