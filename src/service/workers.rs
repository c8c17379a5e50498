//! A few threads of their own for hashing passwords, and a short queue before them.
//!
//! Not Tokio's blocking pool: it begins a new thread whenever none is idle at that very moment, each
//! with an arena of the allocator that keeps what a hash has used. A flood of log-ins left the process
//! with 670 MB there, and with 160 here. (A lower priority for them made no difference to others.)

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::domain::{Error, Result};

/// How many may wait for their turn. More are answered RATE_LIMITED at once.
const QUEUE: usize = 64;

/// When those may try again, in seconds: by then, all who wait have had their turn.
const RETRY_AFTER: u64 = 5;

type Job = Box<dyn FnOnce() + Send>;

/// The threads. They end when this is dropped.
pub(super) struct Workers {
    queue: SyncSender<Job>,
}

impl Workers {
    /// Starts them: one for each core but one, which is left for everything else.
    pub(super) fn start() -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel::<Job>(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores.saturating_sub(1).max(1) {
            let jobs = Arc::clone(&jobs);
            std::thread::Builder::new().name("passwords".into()).spawn(move || work(&jobs))?;
        }
        Ok(Self { queue })
    }

    /// Runs a job when it is its turn, unless nobody waits for it any more by then. RATE_LIMITED when
    /// too many wait already.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job = move || {
            if !answer.is_closed() {
                // Whoever hangs up just now is told nothing.
                let _ = answer.send(job());
            }
        };
        self.queue.try_send(Box::new(job)).map_err(|error| match error {
            TrySendError::Full(_) => Error::RateLimited { retry_after: RETRY_AFTER },
            TrySendError::Disconnected(_) => Error::Internal,
        })?;
        answered.await.map_err(|_| Error::Internal)
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("hashing panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn so_many_wait_and_the_rest_is_refused_at_once() {
        let workers = Workers::start().unwrap();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = threads.saturating_sub(1).max(1);
        let hold = Arc::new(Barrier::new(threads + 1));
        let held = (0..threads).map(|_| {
            let hold = Arc::clone(&hold);
            workers.run(move || (hold.wait(), hold.wait()))
        });
        let flood = async {
            // All threads have their first job.
            tokio::task::block_in_place(|| hold.wait());
            let all = join_all((0..200).map(|_| workers.run(|| ())));
            let release = async { tokio::task::block_in_place(|| hold.wait()) };
            tokio::join!(all, release).0
        };
        let (_, answers) = tokio::join!(join_all(held), flood);
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), QUEUE);
        let refused = Err(Error::RateLimited { retry_after: RETRY_AFTER });
        assert_eq!(answers.iter().filter(|answer| **answer == refused).count(), 200 - QUEUE);
    }

    #[tokio::test]
    async fn a_panic_ends_its_job_only() {
        let workers = Workers::start().unwrap();
        #[allow(clippy::panic)]
        let failed: Result<()> = workers.run(|| panic!("on purpose")).await;
        assert_eq!(failed, Err(Error::Internal));
        assert_eq!(workers.run(|| 7).await, Ok(7));
    }
}
