//! Transactions that end, whatever happens to those who asked for them.

use std::ops::{Deref, DerefMut};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use tracing::Instrument;

use super::pg_conn::End;
use super::{Conn, Db};
use crate::domain::{Error, Result};

/// How often a transaction is tried that the database asks to run again (a deadlock, say).
const TRIES: usize = 3;

/// An async function of a transaction and its input. It exists because the future of an
/// `AsyncFn` cannot be required to be `Send` in stable Rust; never implemented by hand.
pub trait Work<A, B, R>: AsyncFn(A, B) -> R + Fn(A, B) -> <Self as Work<A, B, R>>::Fut {
    /// What the function answers.
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
    /// Runs `work` in a transaction: committed if it answers `Ok`, rolled back otherwise and when
    /// it says [`Tx::discard`].
    ///
    /// The transaction runs in a task of its own that is never aborted. A request whose client
    /// hangs up is dropped at any await, and would otherwise leave a connection in the pool with
    /// an open transaction and its locks.
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
        self.write_then(input, work, |_| ()).await
    }

    /// The same, and calls `then` with what `work` has answered as soon as it is committed, whether
    /// anybody still waits for it or not.
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
        let db = self.clone();
        let task = async move {
            for _ in 0..TRIES {
                match attempt(&db, &input, &work).await {
                    Err(Error::Contention) => {}
                    Ok(answer) => {
                        then(&answer);
                        return Ok(answer);
                    }
                    Err(error) => return Err(error),
                }
            }
            tracing::error!("the transaction met contention {TRIES} times");
            Err(Error::Unavailable)
        };
        tokio::spawn(task.in_current_span()).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a transaction panicked");
            Err(Error::Internal)
        })
    }
}

async fn attempt<I, T, F>(db: &Db, input: &I, work: &F) -> Result<T>
where
    I: Send + Sync,
    T: Send,
    for<'t, 'i> F: AsyncFn(&'t mut Tx, &'i I) -> Result<T>
        + Work<&'t mut Tx, &'i I, Result<T>, Fut: Send>
        + Send
        + Sync,
{
    let mut tx = Tx::begin(db.writer().await?).await?;
    let result = work(&mut tx, input).await;
    tx.end(result.is_ok()).await?;
    result
}

/// An open transaction: a connection that functions which write ask for.
pub struct Tx {
    conn: Option<Conn>,
    keep: bool,
}

impl Tx {
    /// SQLite takes its write lock at once, since a lock that is taken later can fail without
    /// waiting. On PostgreSQL the transaction begins with its first statement.
    async fn begin(conn: Conn) -> Result<Self> {
        let tx = Self { conn: Some(conn), keep: true };
        if let Conn::Sqlite(c) = &*tx {
            c.call(|c| AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")).await?;
        }
        Ok(tx)
    }

    /// Lets the transaction end without a trace, though its function answers `Ok`: for changes
    /// that change nothing.
    pub fn discard(&mut self) {
        self.keep = false;
    }

    async fn end(mut self, ok: bool) -> Result<()> {
        let how = if ok && self.keep { End::Commit } else { End::Rollback };
        match (&mut *self, how) {
            (Conn::Postgres(c), how) => c.end(how).await,
            (Conn::Sqlite(c), End::Commit) => {
                c.call(AnsiTransactionManager::commit_transaction).await
            }
            (Conn::Sqlite(c), End::Rollback) => {
                c.call(AnsiTransactionManager::rollback_transaction).await
            }
        }?;
        // Ended in peace: back to the pool.
        drop(self.conn.take());
        Ok(())
    }
}

/// A connection with an open transaction (a panic, a failed rollback) must not go back to the
/// pool, where it would keep its locks. Closing it makes the database roll back.
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
