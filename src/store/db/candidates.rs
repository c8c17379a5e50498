//! Which of the addresses in a URL is tried first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use rand::seq::SliceRandom;

use crate::config::Address;

/// For this time after a failure, other addresses are tried first.
const AVOID_TIME: Duration = Duration::from_secs(10);

/// An attempt that is dropped after this time without a result has failed.
const SILENCE: Duration = Duration::from_secs(1);

/// The addresses of a URL, in its order.
#[derive(Clone)]
pub(super) struct Candidates(Arc<[Candidate]>);

/// An address and the latest results of attempts to connect to it.
struct Candidate {
    address: Address,
    results: Mutex<Results>,
}

#[derive(Clone, Copy, Default)]
struct Results {
    succeeded: Option<Instant>,
    /// `None` if no attempt has failed since the latest success.
    failed: Option<Instant>,
}

impl Candidates {
    pub(super) fn new(addresses: &[Address]) -> Self {
        let candidate = |address| Candidate { address, results: Mutex::default() };
        Self(addresses.iter().cloned().map(candidate).collect())
    }

    /// The addresses in the order in which to try them. Those that failed recently come last.
    pub(super) fn order(&self, shuffle: bool) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.0.len()).collect();
        if shuffle {
            order.shuffle(&mut rand::rng());
        }
        let now = Instant::now();
        order.sort_by_cached_key(|&index| {
            let failed = self.results(index).failed;
            failed.is_some_and(|at| now.saturating_duration_since(at) < AVOID_TIME)
        });
        order
    }

    /// Begins an attempt to connect to an address.
    pub(super) fn attempt(&self, index: usize) -> Attempt<'_> {
        let now = Instant::now();
        let mut results = self.results(index);
        // One attempt at a time tries an address that has failed.
        results.failed = results.failed.map(|_| now);
        Attempt { candidates: self, index, began: now, is_done: false }
    }

    fn results(&self, index: usize) -> MutexGuard<'_, Results> {
        self.0[index].results.lock()
    }
}

/// An attempt to connect to an address.
pub(super) struct Attempt<'c> {
    candidates: &'c Candidates,
    index: usize,
    began: Instant,
    is_done: bool,
}

impl<'c> Attempt<'c> {
    pub(super) fn address(&self) -> &'c Address {
        &self.candidates.0[self.index].address
    }

    pub(super) fn succeeded(mut self) {
        self.is_done = true;
        let succeeded = Some(Instant::now());
        *self.candidates.results(self.index) = Results { succeeded, failed: None };
    }

    pub(super) fn failed(mut self) {
        self.is_done = true;
        self.note_failure();
    }

    /// A failure tells nothing if a later attempt has succeeded meanwhile.
    fn note_failure(&self) {
        let mut results = self.candidates.results(self.index);
        if results.succeeded.is_none_or(|at| at < self.began) {
            results.failed = Some(Instant::now());
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_done && self.began.elapsed() >= SILENCE {
            self.note_failure();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Candidates {
        Candidates::new(&[Address::default(), Address::default()])
    }

    #[test]
    fn addresses_that_failed_recently_come_last() {
        let all = two();
        assert_eq!(all.order(false), [0, 1]);
        all.attempt(0).failed();
        assert_eq!(all.order(false), [1, 0]);
        all.attempt(1).failed();
        assert_eq!(all.order(false), [0, 1]);
        all.attempt(1).succeeded();
        assert_eq!(all.order(false), [1, 0]);
        all.results(0).failed = Instant::now().checked_sub(AVOID_TIME);
        assert_eq!(all.order(false), [0, 1]);
        let _probe = all.attempt(0);
        assert_eq!(all.order(false), [1, 0], "others avoid it while one attempt tries it");
    }

    #[test]
    fn attempts_that_are_dropped_late_have_failed() {
        let all = two();
        drop(all.attempt(0));
        assert_eq!(all.order(false), [0, 1]);
        let mut silent = all.attempt(0);
        silent.began = Instant::now().checked_sub(SILENCE).unwrap();
        drop(silent);
        assert_eq!(all.order(false), [1, 0]);
    }

    #[test]
    fn an_older_attempt_does_not_spoil_a_success() {
        let all = two();
        let older = all.attempt(0);
        all.attempt(0).succeeded();
        older.failed();
        assert_eq!(all.order(false), [0, 1]);
    }
}
