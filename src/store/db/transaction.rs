//! Transactions that write. They run to their end even if the request is cancelled.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::conn::Conn;
use super::tx::Tx;
use super::{Db, Pools, outage_log};
use crate::domain::{Error, MutationId, Result};
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
    /// The transaction runs to its end even if the caller is dropped. A request whose client disconnects is dropped at any
    /// await, and would otherwise leave a connection with an open transaction and its locks in the pool.
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
        let db = self.clone();
        let first = match &self.pools {
            Pools::Postgres { .. } => Some(self.writer().await?),
            // Taken when it is the transaction's turn.
            Pools::Sqlite { .. } => None,
        };
        let task = async move {
            let value = until_accepted(first, &db, id.as_ref(), &input, &work).await?;
            then(&value);
            Ok(value)
        };
        let task = work::note(work::current(), Box::pin(task));
        match &self.pools {
            // In a task of its own, which goes on if the caller is dropped.
            Pools::Postgres { .. } => tokio::spawn(task).await.unwrap_or_else(|error| {
                tracing::error!(%error, "a transaction did not end");
                Err(Error::Internal)
            }),
            // As a whole on one thread: to hand over each statement takes longer than the statement.
            Pools::Sqlite { writer, .. } => writer.run(task).await,
        }
    }
}

/// Retries a transaction that the database rejects, at most `TRIES` times. `first` is the first connection, if there is one
/// already.
async fn until_accepted<I, T, F>(
    mut first: Option<Conn>,
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
    let began = Instant::now();
    for _ in 0..TRIES {
        let conn = match first.take() {
            Some(conn) => conn,
            None => db.writer().await?,
        };
        match attempt(conn, db, id, input, work).await {
            Err(Error::Contention) if began.elapsed() < db.wait => {
                metrics::get().database.retries.inc();
                sleep(Duration::from_millis(rand::random_range(1..=MAX_PAUSE))).await;
            }
            Err(Error::Contention) => break,
            done => return done,
        }
    }
    let reason = "the transaction still conflicts after several attempts";
    outage_log::note(Trouble::Contention, &reason);
    Err(Error::Unavailable)
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
    let mut tx = Tx::begin(conn, db.clock.clone(), id.cloned()).await?;
    let result = work(&mut tx, input).await;
    let changes = tx.take_changes();
    let ended = tx.end(result.is_ok()).await;
    // A failed rollback closes the connection. The error of the transaction is more useful.
    let value = result.and_then(|value| ended.map(|()| value))?;
    db.bus.publish(&changes);
    Ok(value)
}
