//! Counts statements, collects the texts of prepared ones, and logs slow ones.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::{DebugQuery, Instrumentation, InstrumentationEvent};
use parking_lot::Mutex;

use super::timing;
use crate::domain::sha256;
use crate::metrics::work;

/// Counts the statements of all connections of a [`Db`](super::Db).
#[derive(Clone, Default)]
pub(super) struct StatementCount {
    sent: Arc<AtomicU64>,
    prepared: Arc<AtomicU64>,
    texts: Arc<Mutex<BTreeSet<String>>>,
    /// The time after which a statement is logged; zero logs none.
    slow: Duration,
}

/// What Diesel writes between a statement and its values.
const BINDS: &str = " -- binds: ";

/// The maximum length of a statement in the log, in characters.
const MAX_LOGGED: usize = 2000;

impl StatementCount {
    /// Logs statements that take at least this time, if it is not zero.
    pub(super) fn new(slow: Duration) -> Self {
        Self { slow, ..Self::default() }
    }

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
        let texts = self.texts.lock();
        texts.iter().cloned().collect()
    }

    fn note(&self, text: &str) {
        let mut texts = self.texts.lock();
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
            InstrumentationEvent::FinishQuery { query, .. } if !self.slow.is_zero() => {
                if let Some(took) = timing::elapsed().filter(|took| *took >= self.slow) {
                    log(query, took);
                }
            }
            InstrumentationEvent::CacheQuery { sql, .. } => {
                self.prepared.fetch_add(1, Ordering::Relaxed);
                self.note(sql);
            }
            _ => {}
        }
    }
}

fn log(query: &dyn DebugQuery, took: Duration) {
    let (duration_ms, statement) = (took.as_secs_f64() * 1000.0, without_values(query));
    let document = work::document().map(|text| sha256(&text));
    tracing::warn!(duration_ms, document, statement, "a slow statement");
}

/// The text of a statement in one line, without its values.
fn without_values(query: &dyn DebugQuery) -> String {
    let text = query.to_string();
    let text = text.split_once(BINDS).map_or(&*text, |(text, _)| text);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_LOGGED).collect()
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use diesel::sqlite::Sqlite;

    use super::*;
    use crate::store::schema::boards;

    #[test]
    fn values_are_cut_off() {
        let query = boards::table.select(boards::id).filter(boards::title.eq(" -- binds: hush"));
        let text = without_values(&diesel::debug_query::<Sqlite, _>(&query));
        assert_eq!(text, "SELECT `boards`.`id` FROM `boards` WHERE (`boards`.`title` = ?)");
    }
}
