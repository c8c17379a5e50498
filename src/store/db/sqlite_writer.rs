//! The transactions that write to SQLite, one after the other on a thread of their own.
//!
//! SQLite allows one writer at a time. If each transaction ran on a thread of tokio's pool, two threads would have to be
//! woken between the end of one and the beginning of the next.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use deadpool::managed::Pool;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::outage_log;
use super::sqlite::Manager;
use crate::config::StartError;
use crate::domain::{Error, Result};
use crate::metrics::{self, Trouble};

/// A transaction that waits for its turn.
type Job = BoxFuture<'static, ()>;

/// The writer of a file.
pub(in crate::store) struct Writer {
    /// The connection that writes. Only transactions on the thread take it.
    pub(super) pool: Pool<Manager>,
    jobs: mpsc::UnboundedSender<Job>,
    waiting: AtomicUsize,
    /// How long a transaction waits for its turn.
    wait: Duration,
}

impl Writer {
    /// Starts the thread. It ends when the writer is dropped.
    pub(super) fn start(
        pool: Pool<Manager>,
        wait: Duration,
    ) -> std::result::Result<Arc<Self>, StartError> {
        let (jobs, mut waiting) = mpsc::unbounded_channel::<Job>();
        let runtime = Handle::current();
        let run = move || {
            while let Some(job) = waiting.blocking_recv() {
                // The transaction's caller is told of a panic, because its channel is closed.
                let _ = runtime.block_on(AssertUnwindSafe(job).catch_unwind());
            }
        };
        let started = thread::Builder::new().name("sqlite-writer".into()).spawn(run);
        started.map_err(|error| StartError::new(format!("the thread that writes: {error}")))?;
        Ok(Arc::new(Self { pool, jobs, waiting: AtomicUsize::default(), wait }))
    }

    /// Runs a transaction when it is its turn, and to its end even if the caller is dropped meanwhile.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        transaction: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let ((begin, begun), (done, result)) = (oneshot::channel(), oneshot::channel());
        let job = async move {
            // Fails if the caller waits no more.
            if begin.send(()).is_ok() {
                let _ = done.send(transaction.await);
            }
        };
        let sent = self.jobs.send(job.boxed());
        sent.map_err(|_| Error::defect("the thread that writes has ended"))?;
        self.turn(begun).await?;
        result.await.unwrap_or_else(|_| {
            tracing::error!("a transaction panicked");
            Err(Error::Internal)
        })
    }

    /// Waits until the transaction has begun.
    async fn turn(&self, mut begun: oneshot::Receiver<()>) -> Result<()> {
        let began = Instant::now();
        let _waiting = Waiting::one(&self.waiting);
        let in_time = timeout(self.wait, &mut begun).await;
        begun.close();
        // It may have begun at the last moment.
        if matches!(in_time, Ok(Ok(()))) || begun.try_recv().is_ok() {
            let waits = metrics::get().database.waits.of(metrics::Pool::Write);
            waits.observe(began.elapsed().as_secs_f64());
            return Ok(());
        }
        outage_log::note(Trouble::NoneFree, &"no turn to write in time");
        Err(Error::Unavailable)
    }

    /// Waits until the transactions that were sent before have ended.
    pub(super) async fn end(&self) {
        let _ = self.run(async { Ok(()) }).await;
    }

    /// The number of transactions that wait for their turn.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// Counts a transaction until it is dropped.
struct Waiting<'w>(&'w AtomicUsize);

impl<'w> Waiting<'w> {
    fn one(count: &'w AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
