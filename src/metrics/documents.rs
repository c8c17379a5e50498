//! The caches of documents and of results.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Registry};

use super::label::{ByLabel, counter_vec, counters, gauge, label};

label! {
    /// The outcome of a look-up in a cache.
    Lookup: "result" {
        /// It was there.
        Hit = "hit",
        /// It was not.
        Miss = "miss",
    }
}

/// The caches of documents and of results.
pub struct Documents {
    /// Look-ups of valid documents by their text.
    pub lookups: ByLabel<Lookup, IntCounter>,
    /// Look-ups of results on boards.
    pub results: ByLabel<Lookup, IntCounter>,
    entries: IntGauge,
    bytes: IntGauge,
    refusals: IntCounterVec,
}

impl Documents {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            lookups: counters(
                registry,
                "kanban_document_lookups_total",
                "Look-ups of documents in the cache of valid ones.",
            ),
            results: counters(
                registry,
                "kanban_cache_lookups_total",
                "Look-ups in the cache of results (CACHE_MIB).",
            ),
            entries: gauge(registry, "kanban_cache_entries", "Entries of the cache of results."),
            bytes: gauge(
                registry,
                "kanban_cache_bytes",
                "Approximate size of the cache of results.",
            ),
            refusals: counter_vec(
                registry,
                "kanban_document_refusals_total",
                "Documents and variables that were refused, by the code of the error.",
                &["reason"],
            ),
        }
    }

    /// Tells the present size of the cache of results.
    pub fn tell_size(&self, entries: u64, bytes: u64) {
        self.entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
        self.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Counts a document that was refused with an error of this code.
    pub fn refuse(&self, code: &'static str) {
        self.refusals.with_label_values(&[code]).inc();
    }
}
