//! Why a connection cannot be opened.

use std::fmt;
use std::time::Duration;

use crate::config::Address;

/// The reason why a connection cannot be opened.
#[derive(Debug)]
pub(in crate::store) struct ConnectError {
    pub(super) reason: String,
    /// Whether the server has no connection to spare at the moment, but may have one soon.
    pub(super) is_busy: bool,
    /// Whether the server does not have the `target_session_attrs` of the URL.
    pub(super) is_unsuitable: bool,
}

impl ConnectError {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_busy: false, is_unsuitable: false }
    }

    /// The failures at all addresses that were tried.
    pub(super) fn of_all(mut failures: Vec<(&Address, Self)>) -> Self {
        if failures.len() == 1
            && let Some((address, failure)) = failures.pop()
        {
            return Self { reason: format!("{address}: {}", failure.reason), ..failure };
        }
        // A standby beside a full primary does not matter.
        let mut suitable = failures.iter().filter(|(_, failure)| !failure.is_unsuitable).peekable();
        let is_busy = suitable.peek().is_some() && suitable.all(|(_, failure)| failure.is_busy);
        let reasons: Vec<_> =
            failures.iter().map(|(address, failure)| format!("{address}: {failure}")).collect();
        Self { is_busy, ..Self::new(reasons.join("; ")) }
    }

    /// A statement had no answer in time.
    pub(super) fn no_answer(limit: Duration) -> Self {
        Self::new(format!("a statement had no answer within {} s", limit.as_secs()))
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

impl From<diesel::result::Error> for ConnectError {
    fn from(error: diesel::result::Error) -> Self {
        Self::new(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_primary_is_busy_whatever_its_standby_says() {
        let address = Address::default();
        let error = |is_busy, is_unsuitable| {
            let error = ConnectError { is_busy, is_unsuitable, ..ConnectError::new("") };
            (&address, error)
        };
        let (busy, standby, dead) =
            (|| error(true, false), || error(false, true), || error(false, false));
        assert!(ConnectError::of_all(vec![busy(), standby()]).is_busy);
        assert!(ConnectError::of_all(vec![busy(), busy()]).is_busy);
        assert!(!ConnectError::of_all(vec![dead(), busy()]).is_busy);
        assert!(!ConnectError::of_all(vec![standby(), standby()]).is_busy);
    }
}
