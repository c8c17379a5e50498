//! Why a connection cannot be opened.

use std::fmt;

use crate::config::Address;

/// The reason why a connection cannot be opened.
#[derive(Debug)]
pub(in crate::store) struct ConnectError {
    reason: String,
    /// Whether the server has no connection to spare at the moment, but may have one soon.
    pub(super) is_busy: bool,
}

impl ConnectError {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_busy: false }
    }

    pub(super) fn busy(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_busy: true }
    }

    /// The failures at all addresses that were tried.
    pub(super) fn of_all(mut failures: Vec<(&Address, Self)>) -> Self {
        if failures.len() == 1
            && let Some((_, failure)) = failures.pop()
        {
            return failure;
        }
        let is_busy = failures.iter().all(|(_, failure)| failure.is_busy);
        let reasons: Vec<_> =
            failures.iter().map(|(address, failure)| format!("{address}: {failure}")).collect();
        Self { reason: reasons.join("; "), is_busy }
    }

    /// A statement failed that a pooler in transaction mode has sent to another session.
    pub(super) fn of_pooler(error: impl fmt::Display) -> Self {
        Self::new(format!(
            "the connection pooler does not keep prepared statements: set max_prepared_statements in PgBouncer 1.21 or later, use its session mode, or connect to PostgreSQL directly ({error})"
        ))
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ConnectError {}

impl From<diesel::ConnectionError> for ConnectError {
    fn from(error: diesel::ConnectionError) -> Self {
        Self::new(error.to_string())
    }
}
