//! Converts errors of the database to errors of the domain.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

use super::memory_size::budget_error;
use super::outage_log;
use crate::domain::Error;
use crate::metrics::{self, Trouble};

/// Logs the error and keeps what callers may know of it. A violation that a caller expects is handled before, by
/// `unique` or `foreign_key`.
impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        if let Some(error) = budget_error(&error) {
            return error.clone();
        }
        let kind = classify(&error);
        let count = |class| metrics::get().database.errors.of(class).inc();
        match kind {
            Self::Contention if is_ordinary(&error) => {
                tracing::debug!(%error, "the transaction must run again");
            }
            Self::Contention if outage_log::is_present() => {
                count(Trouble::Contention);
                tracing::debug!(%error, "the transaction may run again");
            }
            Self::Repeated => tracing::debug!("a mutation was sent again"),
            Self::Contention => {
                count(Trouble::Contention);
                tracing::warn!(%error, "the transaction may run again");
            }
            Self::Unavailable => outage_log::note(Trouble::Unavailable, &error),
            _ => {
                count(Trouble::Internal);
                tracing::error!(%error, "database error");
            }
        }
        kind
    }
}

fn classify(error: &DieselError) -> Error {
    let DieselError::DatabaseError(kind, info) = error else {
        return match error {
            DieselError::BrokenTransactionManager => Error::Unavailable,
            DieselError::RollbackTransaction => Error::Contention,
            _ => Error::Internal,
        };
    };
    match kind {
        // A row that a statement refers to was deleted meanwhile: another attempt finds that out by itself.
        DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::ForeignKeyViolation => {
            Error::Contention
        }
        DatabaseErrorKind::UnableToSendCommand
        | DatabaseErrorKind::ClosedConnection
        | DatabaseErrorKind::ReadOnlyTransaction => Error::Unavailable,
        DatabaseErrorKind::UniqueViolation if is_about_receipts(&**info) => Error::Repeated,
        DatabaseErrorKind::Unknown => unknown(&**info),
        _ => Error::Internal,
    }
}

/// PostgreSQL names the table, SQLite mentions it in its message.
fn is_about_receipts(info: &dyn DatabaseErrorInformation) -> bool {
    const TABLE: &str = "mutation_receipts";
    info.table_name() == Some(TABLE) || info.message().contains(TABLE)
}

/// Whether it is a conflict between transactions, which is expected under load.
fn is_ordinary(error: &DieselError) -> bool {
    use DatabaseErrorKind::SerializationFailure;
    match error {
        DieselError::RollbackTransaction => true,
        DieselError::DatabaseError(kind, _) => matches!(kind, SerializationFailure),
        _ => false,
    }
}

/// Diesel hides the SQLSTATE of most errors of PostgreSQL, and the message may be in any language. An error with a
/// position is one of the statement itself. Others (a deadlock, a timeout, a full disk, too many connections) may go
/// away, so the transaction is run again, a few times.
fn unknown(info: &dyn DatabaseErrorInformation) -> Error {
    if info.statement_position().is_some() { Error::Internal } else { Error::Contention }
}

/// The messages of errors of SQLite that are neither damage nor defects of the program.
const SQLITE: [&str; 9] = [
    "attempt to write a readonly database",
    "database is locked",
    "database or disk is full",
    "database schema has changed",
    "database table is locked",
    IO_ERROR,
    "locking protocol",
    "out of memory",
    "unable to open database file",
];

/// The message of `SQLITE_IOERR`.
const IO_ERROR: &str = "disk I/O error";

/// Whether SQLite could not read or write its file.
pub(super) fn is_io_error(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(_, info) if info.message() == IO_ERROR)
}

/// Whether an SQLite file with an error of this message is damaged: `SQLITE_CORRUPT` (the name of a table or index may
/// follow) or `SQLITE_NOTADB`.
pub(super) fn is_damage(message: &str) -> bool {
    message == "database disk image is malformed"
        || message == "file is not a database"
        || message.starts_with("malformed database schema")
}

/// An error of SQLite that has no kind of its own: either the database is unavailable, or it is a defect. Nothing is
/// run again, since one transaction writes at a time.
pub(super) fn of_sqlite(error: DieselError) -> DieselError {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, info) => {
            if is_damage(info.message()) || SQLITE.contains(&info.message()) {
                DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, info)
            } else {
                DieselError::QueryBuilderError(info.message().into())
            }
        }
        other => other,
    }
}

/// Converts a violation of a unique constraint to `taken`.
pub(in crate::store) fn unique<T>(
    result: diesel::QueryResult<T>,
    taken: Error,
) -> Result<T, Error> {
    match result {
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Err(taken),
        other => Ok(other?),
    }
}

/// Converts a violation of a foreign key, because a referenced row was deleted meanwhile, to `gone`.
pub(in crate::store) fn foreign_key<T>(
    result: diesel::QueryResult<T>,
    gone: Error,
) -> Result<T, Error> {
    match result {
        Err(DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => Err(gone),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, SqliteConnection};

    use super::*;

    /// The error of a statement, as SQLite reports it.
    fn error_of(setup: &str, failing: &str) -> Error {
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        conn.batch_execute(setup).unwrap();
        let error = conn.batch_execute(failing).unwrap_err();
        classify(&of_sqlite(error))
    }

    #[test]
    fn a_full_disk_is_unavailable() {
        let fill = "INSERT INTO t VALUES (zeroblob(100000))";
        let error = error_of("CREATE TABLE t (x); PRAGMA max_page_count = 2;", fill);
        assert!(matches!(error, Error::Unavailable), "{error:?}");
    }

    #[test]
    fn a_read_only_file_is_unavailable() {
        let setup = "CREATE TABLE t (x); PRAGMA query_only = ON;";
        let error = error_of(setup, "INSERT INTO t VALUES (1)");
        assert!(matches!(error, Error::Unavailable), "{error:?}");
    }

    #[test]
    fn a_wrong_statement_is_a_defect() {
        let error = error_of("CREATE TABLE t (x);", "SELECT y FROM t");
        assert!(matches!(error, Error::Internal), "{error:?}");
    }
}
