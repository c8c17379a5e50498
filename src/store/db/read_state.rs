//! What the statements of one query share while they read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use diesel::QueryResult;

use super::memory_size::{Budget, budget_error};

/// How a query reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadMode {
    /// The query is expected to run this number of statements. One statement needs no transaction, because it sees
    /// one state by itself. Otherwise the transaction ends together with the last statement. Every further
    /// statement is refused; see [`Snapshot::exceeded`](super::Snapshot::exceeded).
    Expect(usize),
    /// Any number of statements in one transaction.
    Transaction,
}

impl ReadMode {
    pub(super) fn needs_transaction(self) -> bool {
        self != Self::Expect(1)
    }

    /// The number of the last statement, counted from 1; 0 if it is not known.
    fn last(self) -> usize {
        match self {
            Self::Expect(statements) => statements,
            Self::Transaction => 0,
        }
    }
}

/// The number of statements of a query, and their outcome.
#[derive(Default)]
pub(in crate::store) struct ReadState {
    last: usize,
    count: AtomicUsize,
    closed: AtomicBool,
    exceeded: AtomicBool,
    failed: AtomicBool,
    pub(in crate::store) budget: Option<Budget>,
}

impl ReadState {
    pub(super) fn new(mode: ReadMode, budget: Option<Budget>) -> Arc<Self> {
        Arc::new(Self { last: mode.last(), budget, ..Self::default() })
    }

    /// Called before each statement. Returns whether it is expected to be the last one.
    pub(super) fn next(&self) -> QueryResult<bool> {
        if self.closed.load(Ordering::Relaxed) {
            self.exceeded.store(true, Ordering::Relaxed);
            // Diesel's own error for a transaction that is abandoned without a failure.
            return Err(diesel::result::Error::RollbackTransaction);
        }
        Ok(self.count.fetch_add(1, Ordering::Relaxed) + 1 == self.last)
    }

    /// Refuses all further statements: they would see another state of the database.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Records whether a statement failed.
    pub(super) fn record<T>(&self, result: QueryResult<T>) -> QueryResult<T> {
        if result.as_ref().is_err_and(|error| budget_error(error).is_none()) {
            self.fail();
        }
        result
    }

    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    pub(super) fn exceeded(&self) -> bool {
        self.exceeded.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}
