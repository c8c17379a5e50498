//! During an outage each request would log the same error. The log has the first one of each kind, their number once a
//! minute, and the end.

use std::fmt::Display;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::metrics::{self, Trouble};

/// The pause between two lines about one outage.
const PAUSE: Duration = Duration::from_mins(1);

/// An outage has ended when there was no error for so long, and the database responds.
const QUIET: Duration = Duration::from_secs(5);

/// The current outage. It belongs to the process, because errors are converted far from any state.
static CURRENT: Mutex<Option<Errors>> = Mutex::new(None);

/// The errors of an outage.
struct Errors {
    began: Instant,
    latest: Instant,
    /// When the log was told of them.
    told: Instant,
    count: u64,
    /// Their different texts.
    texts: Vec<String>,
}

/// The maximum number of texts of one outage.
const MAX_TEXTS: usize = 5;

/// What the log is told of an outage.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Continues,
    Ended,
}

impl Errors {
    fn begin(now: Instant) -> Self {
        Self { began: now, latest: now, told: now, count: 0, texts: Vec::new() }
    }

    /// Returns whether the error must be logged.
    fn add(&mut self, now: Instant, text: String) -> bool {
        self.latest = now;
        self.count += 1;
        let is_new = self.texts.len() < MAX_TEXTS && !self.texts.contains(&text);
        if is_new {
            self.texts.push(text);
        }
        is_new
    }

    fn news(&mut self, now: Instant, is_ready: bool) -> Option<News> {
        if is_ready && now.duration_since(self.latest) >= QUIET {
            return Some(News::Ended);
        }
        if now.duration_since(self.told) < PAUSE {
            return None;
        }
        self.told = now;
        Some(News::Continues)
    }
}

/// Counts an error because of which the database could not be used. The log has the first one of its kind.
pub(super) fn note(class: Trouble, error: &dyn Display) {
    metrics::get().database.errors.of(class).inc();
    if add(error) {
        tracing::error!(%error, "the database is unavailable; further errors are counted and logged once a minute");
    } else {
        tracing::debug!(%error, "the database is unavailable");
    }
}

fn add(error: &dyn Display) -> bool {
    let (now, text) = (Instant::now(), error.to_string());
    let mut current = CURRENT.lock();
    current.get_or_insert_with(|| Errors::begin(now)).add(now, text)
}

/// Whether there is an outage, so that the log is told no details of other errors that it causes.
pub(super) fn is_present() -> bool {
    CURRENT.lock().is_some()
}

/// Tells the log how an outage goes on. Called every second.
pub(super) fn look(is_ready: bool) {
    let now = Instant::now();
    let mut current = CURRENT.lock();
    let Some(errors) = &mut *current else { return };
    let (seconds, count) = (now.duration_since(errors.began).as_secs(), errors.count);
    match errors.news(now, is_ready) {
        None => {}
        Some(News::Continues) => {
            tracing::error!(errors = count, seconds, "the database is still unavailable");
        }
        Some(News::Ended) => {
            *current = None;
            tracing::info!(errors = count, seconds, "the database is available again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_once_a_minute_until_it_ends() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut errors = Errors::begin(start);
        assert!(errors.add(start, "lost".into()) && !errors.add(start, "lost".into()));
        assert_eq!(errors.news(at(1), true), None);
        assert_eq!(errors.news(at(30), false), None, "it does not respond");
        assert!(errors.add(at(58), "full".into()));
        assert_eq!(errors.news(at(60), true), Some(News::Continues));
        assert_eq!(errors.news(at(61), true), None);
        assert_eq!(errors.news(at(63), true), Some(News::Ended));
        for n in 0..10 {
            errors.add(at(64), n.to_string());
        }
        assert_eq!((errors.count, errors.texts.len()), (13, MAX_TEXTS));
    }
}
