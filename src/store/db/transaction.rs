//! Transactions that write. They run to their end even if the request is cancelled.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::pg::Pg;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::result::DatabaseErrorKind::SerializationFailure;
use diesel::result::Error as DieselError;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::Instrument;

use super::conn::{Command, Conn, Query};
use super::memory_size::MemorySize;
use super::pg_conn::CommitError;
use super::{Db, Pools, trouble};
use crate::domain::{Clock, Error, MutationId, Result, Timestamp};
use crate::events::Change;
use crate::metrics::{self, Trouble, work};

/// The maximum number of attempts of a transaction that the database refuses, for example after a deadlock.
const TRIES: usize = 4;

/// The longest pause before another attempt, in milliseconds.
const MAX_PAUSE: u64 = 40;

/// An async function of a transaction and its input. Never implemented by hand: stable Rust cannot require that the
/// future of an `AsyncFn` is `Send`.
pub trait Work<A, B, R>: AsyncFn(A, B) -> R + Fn(A, B) -> <Self as Work<A, B, R>>::Fut {
    /// The future of the function.
    type Fut: Future<Output = R>;
}

impl<F, A, B, R, Fut> Work<A, B, R> for F
where
    F: AsyncFn(A, B) -> R + Fn(A, B) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}

impl Db {
    /// Runs `work` in a transaction: committed if it returns `Ok`, rolled back otherwise.
    ///
    /// The transaction runs in a task of its own that is never aborted. A request whose client disconnects is dropped
    /// at any await, and would otherwise leave a connection with an open transaction and its locks in the pool.
    pub async fn write<I, T, F>(&self, input: I, work: F) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        for<'t, 'i> F: AsyncFn(&'t mut Tx, &'i I) -> Result<T>
            + Work<&'t mut Tx, &'i I, Result<T>, Fut: Send>
            + Send
            + Sync
            + 'static,
    {
        self.write_as(None, input, work, |_| ()).await
    }

    /// The same, and calls `then` with the value as soon as it is committed, even if the request was cancelled.
    pub async fn write_then<I, T, F>(
        &self,
        input: I,
        work: F,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        for<'t, 'i> F: AsyncFn(&'t mut Tx, &'i I) -> Result<T>
            + Work<&'t mut Tx, &'i I, Result<T>, Fut: Send>
            + Send
            + Sync
            + 'static,
    {
        self.write_as(None, input, work, then).await
    }

    /// The same for a mutation. If it has an ID, its receipt must be stored in the transaction; `Repeated` if there is one
    /// with this ID.
    pub async fn write_as<I, T, F>(
        &self,
        id: Option<MutationId>,
        input: I,
        work: F,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        for<'t, 'i> F: AsyncFn(&'t mut Tx, &'i I) -> Result<T>
            + Work<&'t mut Tx, &'i I, Result<T>, Fut: Send>
            + Send
            + Sync
            + 'static,
    {
        let (db, first) = (self.clone(), self.writer().await?);
        let task = async move {
            let (mut first, began) = (Some(first), Instant::now());
            for _ in 0..TRIES {
                let conn = match first.take() {
                    Some(conn) => conn,
                    None => db.writer().await?,
                };
                match attempt(conn, &db, id.as_ref(), &input, &work).await {
                    Err(Error::Contention) if began.elapsed() < db.wait => {
                        metrics::get().database.retries.inc();
                        sleep(Duration::from_millis(rand::random_range(1..=MAX_PAUSE))).await;
                    }
                    Err(Error::Contention) => break,
                    Ok(value) => {
                        then(&value);
                        return Ok(value);
                    }
                    Err(error) => return Err(error),
                }
            }
            let reason = "the database refused a transaction again and again";
            trouble::tell(Trouble::Contention, &reason);
            Err(Error::Unavailable)
        };
        let task = work::note(work::current(), Box::pin(task)).in_current_span();
        let done = match &self.pools {
            Pools::Postgres { .. } => tokio::spawn(task).await,
            // As a whole on a blocking thread: to hand over each statement takes longer than the statement.
            Pools::Sqlite { .. } => {
                let runtime = Handle::current();
                spawn_blocking(move || runtime.block_on(task)).await
            }
        };
        done.unwrap_or_else(|error| {
            tracing::error!(%error, "a transaction panicked");
            Err(Error::Internal)
        })
    }
}

async fn attempt<I, T, F>(
    conn: Conn,
    db: &Db,
    id: Option<&MutationId>,
    input: &I,
    work: &F,
) -> Result<T>
where
    I: Send + Sync,
    T: Send,
    for<'t, 'i> F: AsyncFn(&'t mut Tx, &'i I) -> Result<T>
        + Work<&'t mut Tx, &'i I, Result<T>, Fut: Send>
        + Send
        + Sync,
{
    let mut tx = Tx::begin(conn, db.clock.clone()).await?;
    tx.mutation = id.cloned();
    let result = work(&mut tx, input).await;
    let changes = std::mem::take(&mut tx.changes);
    let ended = tx.end(result.is_ok()).await;
    // A failed rollback closes the connection. The error of the transaction is more useful.
    let value = result.and_then(|value| ended.map(|()| value))?;
    db.bus.publish(&changes);
    Ok(value)
}

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
    /// SQLite takes its write lock at once, since a lock that is taken later can fail without waiting. On
    /// PostgreSQL the transaction begins with its first statement.
    async fn begin(conn: Conn, clock: Clock) -> Result<Self> {
        let mut tx = Self {
            conn: Some(conn),
            clock,
            wrote: false,
            only_locks: false,
            change_is_open: false,
            changes: Vec::new(),
            mutation: None,
        };
        if let Conn::Sqlite(conn) = &mut *tx {
            conn.run(|c| AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE"))
                .await?;
        }
        Ok(tx)
    }

    /// The present time.
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

    async fn end(mut self, ok: bool) -> Result<()> {
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
                conn.run(AnsiTransactionManager::commit_transaction).await?;
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
            trouble::tell(Trouble::OutcomeUnknown, &error);
            Error::OutcomeUnknown
        }
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
        self.conn.as_ref().expect("only end and drop take the connection, and both consume")
    }
}

impl DerefMut for Tx {
    #[allow(clippy::expect_used)]
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().expect("only end and drop take the connection, and both consume")
    }
}
