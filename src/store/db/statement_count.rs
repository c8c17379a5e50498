//! Counts statements, and collects the texts of prepared ones.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent};

/// Counts the statements of all connections of a [`Db`](super::Db).
#[derive(Clone, Default)]
pub(super) struct StatementCount {
    sent: Arc<AtomicU64>,
    prepared: Arc<AtomicU64>,
    texts: Arc<Mutex<BTreeSet<String>>>,
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

    /// The different texts of these statements. Their number is bounded, because no text depends on data.
    pub(super) fn texts(&self) -> Vec<String> {
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.iter().cloned().collect()
    }

    fn note(&self, text: &str) {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if !texts.contains(text) {
            texts.insert(text.to_owned());
        }
    }
}

impl Instrumentation for StatementCount {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            // The SQL text is not read: Diesel would format every bound value.
            InstrumentationEvent::StartQuery { .. } => {
                self.sent.fetch_add(1, Ordering::Relaxed);
            }
            InstrumentationEvent::CacheQuery { sql, .. } => {
                self.prepared.fetch_add(1, Ordering::Relaxed);
                self.note(sql);
            }
            _ => {}
        }
    }
}
