//! The caches of documents and of results.

use prometheus::{IntCounter, IntGauge, Registry};

use super::label::{ByLabel, counters, gauge, label};

label! {
    /// The outcome of a look-up in a cache.
    Lookup: "result" {
        /// It was there.
        Hit = "hit",
        /// It was not.
        Miss = "miss",
    }
}

label! {
    /// Why a document or its variables are refused.
    Refused: "reason" {
        /// The request does not suit the document.
        BadRequest = "bad_request",
        /// A syntax error.
        Syntax = "syntax",
        /// It does not fit the schema.
        Invalid = "invalid",
        /// It exceeds a limit.
        TooComplex = "limit",
        /// There is only its hash, and no document is registered.
        NotSupported = "hash_not_supported",
        /// There is only its hash, which is not registered.
        NotFound = "hash_not_found",
        /// It is not in the list of those that may run.
        NotInList = "not_in_list",
        /// There is its text where only listed ones may run.
        IdRequired = "id_required",
    }
}

/// The caches of documents and of results.
pub struct Documents {
    /// Look-ups of valid documents by their text.
    pub lookups: ByLabel<Lookup, IntCounter>,
    /// Look-ups of results on boards.
    pub results: ByLabel<Lookup, IntCounter>,
    /// Documents and variables that were refused.
    pub refusals: ByLabel<Refused, IntCounter>,
    entries: IntGauge,
    bytes: IntGauge,
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
            refusals: counters(
                registry,
                "kanban_document_refusals_total",
                "Documents and variables that were refused, by reason.",
            ),
        }
    }

    /// Tells the present size of the cache of results.
    pub fn tell_size(&self, entries: u64, bytes: u64) {
        self.entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
        self.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}
