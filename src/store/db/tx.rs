//! An open transaction: what it may do, and how it ends.

use std::ops::{Deref, DerefMut};

use diesel::QueryResult;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::pg::Pg;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::result::DatabaseErrorKind::SerializationFailure;
use diesel::result::Error as DieselError;

use super::conn::{Command, Conn, Query};
use super::memory_size::MemorySize;
use super::pg_conn::CommitError;
use super::{error, outage_log};
use crate::domain::{Clock, Error, MutationId, Result, Timestamp};
use crate::events::Change;
use crate::metrics::Trouble;

/// An open transaction. Only a transaction can write.
pub struct Tx {
    conn: Option<Conn>,
    clock: Clock,
    /// Whether a command was run.
    wrote: bool,
    /// Whether the transaction took locks only.
    only_locks: bool,
    /// Whether a board was changed whose events are not stored yet.
    change_is_open: bool,
    /// What subscribers are told after the commit.
    changes: Vec<Change>,
    /// The ID of the mutation, until its receipt is stored.
    mutation: Option<MutationId>,
}

impl Tx {
    /// SQLite takes its write lock immediately, since a lock that is taken later can fail without waiting. On
    /// PostgreSQL the transaction begins with its first statement.
    pub(super) async fn begin(
        conn: Conn,
        clock: Clock,
        mutation: Option<MutationId>,
    ) -> Result<Self> {
        let mut tx = Self {
            conn: Some(conn),
            clock,
            wrote: false,
            only_locks: false,
            change_is_open: false,
            changes: Vec::new(),
            mutation,
        };
        if let Conn::Sqlite(conn) = &mut *tx {
            conn.run(|c| AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE"))
                .await?;
        }
        Ok(tx)
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Runs the command; returns the number of rows that it changed.
    pub(in crate::store) async fn execute(&mut self, command: impl Command) -> QueryResult<usize> {
        self.wrote = true;
        (**self).execute(command).await
    }

    /// Runs the command, at the latest together with COMMIT. The next statement, or the end of the transaction, may return
    /// its error.
    pub(in crate::store) async fn execute_later(
        &mut self,
        command: impl Command + QueryFragment<Pg> + QueryId,
    ) -> QueryResult<()> {
        self.wrote = true;
        match &mut **self {
            Conn::Postgres(conn) if conn.is_open() => conn.defer(command).await?,
            _ => drop((**self).execute(command).await?),
        }
        Ok(())
    }

    /// Runs a command and returns the rows that it wrote.
    pub(in crate::store) async fn write_returning<R>(
        &mut self,
        command: impl Query<R>,
    ) -> QueryResult<Vec<R>>
    where
        R: MemorySize + Send + 'static,
    {
        self.wrote = true;
        self.load(command).await
    }

    /// Runs a command and returns the one row that it wrote.
    pub(in crate::store) async fn write_returning_one<R>(
        &mut self,
        command: impl Query<R>,
    ) -> QueryResult<R>
    where
        R: MemorySize + Send + 'static,
    {
        let rows = self.write_returning(command).await?;
        rows.into_iter().next().ok_or(diesel::result::Error::NotFound)
    }

    /// Nothing has changed: the transaction may be rolled back, unless a command was run.
    pub(in crate::store) fn discard_locks(&mut self) {
        self.only_locks = true;
    }

    /// From now on the transaction cannot be committed until the change of a board is recorded.
    pub(in crate::store) fn open_change(&mut self) {
        self.change_is_open = true;
    }

    /// The change is recorded. Subscribers are told after the commit.
    pub(in crate::store) fn close_change(&mut self, change: Change) {
        self.change_is_open = false;
        self.changes.push(change);
    }

    /// The ID of the mutation, whose receipt the caller stores.
    pub(in crate::store) fn take_mutation(&mut self) -> Option<MutationId> {
        self.mutation.take()
    }

    /// What subscribers are told after the commit.
    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Commits the transaction if it went well, and rolls it back otherwise.
    pub(super) async fn end(mut self, ok: bool) -> Result<()> {
        let is_incomplete = self.change_is_open || self.mutation.is_some();
        if ok && is_incomplete {
            tracing::error!("a board was changed without an event, or a mutation has no receipt");
        }
        // A commit of row locks would make PostgreSQL write to the disk.
        let changes_nothing = self.only_locks && !self.wrote;
        let commits = ok && !changes_nothing && !is_incomplete;
        match (&mut *self, commits) {
            (Conn::Postgres(conn), true) => {
                if let Err(error) = conn.commit().await {
                    if matches!(error, CommitError::RolledBack(_)) {
                        drop(self.conn.take());
                    }
                    return Err(commit_error(error));
                }
            }
            (Conn::Postgres(conn), false) => conn.roll_back().await?,
            (Conn::Sqlite(conn), true) => {
                let committed = conn.run(AnsiTransactionManager::commit_transaction).await;
                committed.map_err(file_commit_error)?;
            }
            (Conn::Sqlite(conn), false) => {
                conn.run(AnsiTransactionManager::rollback_transaction).await?;
            }
        }
        // Ended cleanly: the connection returns to the pool.
        drop(self.conn.take());
        if ok && is_incomplete { Err(Error::Internal) } else { Ok(()) }
    }
}

/// A commit that failed may have happened or not, so it is never run again, except if PostgreSQL itself asks for it.
/// (A pooler reports a lost connection as an error of the server.)
fn commit_error(error: CommitError) -> Error {
    match error {
        CommitError::RolledBack(error)
        | CommitError::Unknown(error @ DieselError::DatabaseError(SerializationFailure, _)) => {
            error.into()
        }
        CommitError::Unknown(error) => {
            outage_log::note(Trouble::OutcomeUnknown, &error);
            Error::OutcomeUnknown
        }
    }
}

/// If the last write or its `fsync` fails, the file may have the whole transaction, which the next start would recover.
fn file_commit_error(failed: DieselError) -> Error {
    if error::is_io_error(&failed) {
        commit_error(CommitError::Unknown(failed))
    } else {
        failed.into()
    }
}

/// A connection with an open transaction, after a panic or a failed rollback, must not return to the pool with its locks.
/// Closing it makes the database roll back.
impl Drop for Tx {
    fn drop(&mut self) {
        match self.conn.take() {
            Some(Conn::Sqlite(conn)) => conn.close(),
            Some(Conn::Postgres(conn)) => conn.close(),
            None => {}
        }
    }
}

impl Deref for Tx {
    type Target = Conn;

    #[allow(clippy::expect_used)]
    fn deref(&self) -> &Conn {
        self.conn.as_ref().expect("the connection is taken only when the transaction ends")
    }
}

impl DerefMut for Tx {
    #[allow(clippy::expect_used)]
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().expect("the connection is taken only when the transaction ends")
    }
}
