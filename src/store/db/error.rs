//! From the database's errors to ours.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::memory_size::budget_error;
use crate::domain::Error;

/// Logs what happened and answers what callers may know. A violation that a caller expects is
/// taken out with `unique` before.
impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        if let Some(error) = budget_error(&error) {
            return error.clone();
        }
        match classify(&error) {
            Self::Contention => {
                tracing::debug!(%error, "it has to be run again");
                Self::Contention
            }
            Self::Unauthenticated => {
                tracing::debug!(%error, "the account is gone");
                Self::Unauthenticated
            }
            Self::Unavailable => {
                tracing::error!(%error, "the database did not answer in time, or not at all");
                Self::Unavailable
            }
            _ => {
                tracing::error!(%error, "database error");
                Self::Internal
            }
        }
    }
}

/// Diesel passes no SQLSTATE on, so what has no kind of its own there is told by its text.
fn classify(error: &DieselError) -> Error {
    let DieselError::DatabaseError(kind, info) = error else {
        return match error {
            DieselError::BrokenTransactionManager => Error::Unavailable,
            DieselError::RollbackTransaction => Error::Contention,
            _ => Error::Internal,
        };
    };
    match kind {
        DatabaseErrorKind::SerializationFailure => Error::Contention,
        // What else is named has been locked by then; only an account can go at any time.
        DatabaseErrorKind::ForeignKeyViolation => Error::Unauthenticated,
        DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => {
            Error::Unavailable
        }
        DatabaseErrorKind::Unknown => match info.message() {
            "deadlock detected" => Error::Contention,
            "database is locked"
            | "canceling statement due to lock timeout"
            | "canceling statement due to statement timeout"
            | "terminating connection due to administrator command" => Error::Unavailable,
            _ => Error::Internal,
        },
        _ => Error::Internal,
    }
}

/// Answers `taken` when the statement failed because a unique value is taken.
pub(in crate::store) fn unique<T>(
    result: diesel::QueryResult<T>,
    taken: Error,
) -> Result<T, Error> {
    match result {
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Err(taken),
        other => Ok(other?),
    }
}

/// Answers `gone` when the statement failed because what it names has been deleted meanwhile.
pub(in crate::store) fn foreign_key<T>(
    result: diesel::QueryResult<T>,
    gone: Error,
) -> Result<T, Error> {
    match result {
        Err(DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => Err(gone),
        other => Ok(other?),
    }
}
