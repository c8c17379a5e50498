//! Dedicated threads with a short queue for hashing passwords.
//!
//! Tokio's blocking pool starts a new thread whenever none is idle, and each thread's allocator arena
//! keeps the memory of a hash: a flood of log-ins left the process at 670 MB, against 160 MB here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::domain::{Error, Result};
use crate::metrics::{self, Limit};

/// The maximum number of queued jobs. Further jobs fail at once with RATE_LIMITED.
const QUEUE: usize = 64;

/// The retry delay for rejected jobs, in seconds. By then, all queued jobs have run.
const RETRY_AFTER: u64 = 5;

type Job = Box<dyn FnOnce() + Send>;

/// The worker threads. They end when this value is dropped.
pub(super) struct Workers {
    queue: SyncSender<Job>,
}

impl Workers {
    /// Starts one thread per core except one, which stays free for all other work; at least one thread.
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

    /// Queues a job and waits for its result. The job is skipped if the caller has stopped waiting.
    /// RATE_LIMITED if the queue is full.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job = move || {
            if !answer.is_closed() {
                // Fails only if the caller has just stopped waiting.
                let _ = answer.send(job());
            }
        };
        self.queue.try_send(Box::new(job)).map_err(|error| match error {
            TrySendError::Full(_) => {
                metrics::get().accounts.refusals.of(Limit::Passwords).inc();
                Error::RateLimited { retry_after: RETRY_AFTER }
            }
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
            tracing::error!("a password hashing job panicked");
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
            // Continues when all threads are busy with their first job.
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
