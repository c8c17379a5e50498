//! Dedicated threads with a short queue for hashing passwords.
//!
//! Tokio's blocking pool starts a new thread whenever none is idle, and each thread's allocator arena
//! keeps the memory of a hash: a flood of log-ins left the process at 670 MB, against 160 MB here.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ipnet::IpNet;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::domain::{Error, Result, networks};
use crate::metrics::{self, Limit};

/// The maximum number of queued jobs.
const QUEUE: usize = 64;

/// The retry delay for rejected jobs, in seconds. By then, all queued jobs have run.
const RETRY_AFTER: u64 = 5;

/// Whether a job that leaves the queue runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Run,
    /// It gives its place to a job from another network.
    GiveWay,
}

type Job = Box<dyn FnOnce(Turn) + Send>;

/// A queued job.
struct Waiting {
    /// The networks of its client.
    networks: Option<[IpNet; 3]>,
    /// Jobs with a lower rank run first.
    rank: usize,
    job: Job,
}

/// The jobs of all clients, in the order in which they came.
///
/// This is start-time fair queueing: the rank of a job is that of the job that was taken last, plus the number of jobs that
/// its networks have in the queue. So a network with many jobs delays its own ones only, and no job waits for ever.
#[derive(Default)]
struct Queue {
    jobs: Vec<Waiting>,
    /// The rank of the job that was taken last.
    taken: usize,
    is_closed: bool,
}

impl Queue {
    /// Adds a job. If the queue is full, the job with the highest rank gives way; it is returned.
    fn add(&mut self, client: Option<IpAddr>, job: Job) -> Option<Job> {
        let networks = client.map(networks);
        let rank = self.taken + networks.map_or(0, |own| self.shared(own));
        self.jobs.push(Waiting { networks, rank, job });
        if self.jobs.len() <= QUEUE {
            return None;
        }
        // Of equal ones the latest.
        let (place, _) = self.jobs.iter().enumerate().max_by_key(|(_, waiting)| waiting.rank)?;
        Some(self.jobs.remove(place).job)
    }

    /// The number of queued jobs from each of the networks, added up.
    fn shared(&self, own: [IpNet; 3]) -> usize {
        let others = self.jobs.iter().filter_map(|waiting| waiting.networks);
        others
            .map(|other| own.iter().zip(other).filter(|(own, other)| **own == *other).count())
            .sum()
    }

    /// Takes the first one of the jobs with the lowest rank.
    fn take(&mut self) -> Option<Job> {
        let (place, _) = self.jobs.iter().enumerate().min_by_key(|(_, waiting)| waiting.rank)?;
        let Waiting { rank, job, .. } = self.jobs.remove(place);
        self.taken = self.taken.max(rank);
        Some(job)
    }
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    added: Condvar,
}

impl Shared {
    /// Waits for a job; `None` when the queue is closed.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue.lock();
        loop {
            match queue.take() {
                Some(job) => return Some(job),
                None if queue.is_closed => return None,
                None => self.added.wait(&mut queue),
            }
        }
    }
}

/// The worker threads. They end when this value is dropped.
pub(super) struct Workers(Arc<Shared>);

impl Workers {
    /// Starts one thread per core except one, which stays free for all other work; at least one thread.
    pub(super) fn start() -> std::io::Result<Self> {
        let workers = Self(Arc::default());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores.saturating_sub(1).max(1) {
            let shared = Arc::clone(&workers.0);
            std::thread::Builder::new().name("passwords".into()).spawn(move || work(&shared))?;
        }
        Ok(workers)
    }

    /// Queues a job and waits for its result. The job is skipped if the caller has stopped waiting.
    /// RATE_LIMITED if the queue is full, and the networks of the client have more jobs in it than others.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        client: Option<IpAddr>,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |turn| {
            let answered = match turn {
                _ if answer.is_closed() => return,
                Turn::Run => Ok(job()),
                Turn::GiveWay => Err(Error::RateLimited { retry_after: RETRY_AFTER }),
            };
            // Fails only if the caller has just stopped waiting.
            let _ = answer.send(answered);
        });
        let removed = self.0.queue.lock().add(client, job);
        self.0.added.notify_one();
        if let Some(removed) = removed {
            metrics::get().accounts.refusals.of(Limit::Passwords).inc();
            removed(Turn::GiveWay);
        }
        answered.await.map_err(|_| Error::Internal)?
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.0.queue.lock().is_closed = true;
        self.0.added.notify_all();
    }
}

fn work(shared: &Shared) {
    while let Some(job) = shared.next() {
        if catch_unwind(AssertUnwindSafe(|| job(Turn::Run))).is_err() {
            tracing::error!("a password hashing job panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use futures_util::future::join_all;

    use super::*;

    fn threads() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from).saturating_sub(1).max(1)
    }

    /// The results of jobs from these clients, which are queued in this order while all threads are busy, and the order in
    /// which the jobs ran.
    async fn run(clients: Vec<Option<IpAddr>>) -> (Vec<Result<()>>, Vec<usize>) {
        let workers = Workers::start().unwrap();
        let hold = Arc::new(Barrier::new(threads() + 1));
        let held = (0..threads()).map(|_| {
            let hold = Arc::clone(&hold);
            workers.run(None, move || {
                hold.wait();
                hold.wait();
            })
        });
        let ran = Arc::new(Mutex::new(Vec::new()));
        let flood = async {
            // Continues when all threads are busy with their first job.
            tokio::task::block_in_place(|| hold.wait());
            let all = join_all(clients.into_iter().enumerate().map(|(number, client)| {
                let ran = Arc::clone(&ran);
                workers.run(client, move || ran.lock().push(number))
            }));
            let release = async { tokio::task::block_in_place(|| hold.wait()) };
            tokio::join!(all, release).0
        };
        let (_, answers) = tokio::join!(join_all(held), flood);
        (answers, std::mem::take(&mut ran.lock()))
    }

    fn refused<T>() -> Result<T> {
        Err(Error::RateLimited { retry_after: RETRY_AFTER })
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn so_many_wait_and_the_rest_is_refused_at_once() {
        let (answers, _) = run(vec![None; 200]).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), QUEUE);
        assert_eq!(answers.iter().filter(|answer| **answer == refused()).count(), 200 - QUEUE);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_flood_from_one_network_gives_way_to_all_others() {
        let flood = (0..256).map(|n| format!("2001:db8:1:{n:x}::1").parse().unwrap());
        let others = ["2001:db8:1:100::1", "2001:db8:2::1", "192.0.2.1"];
        let others = others.map(|other| other.parse().unwrap());
        let clients: Vec<IpAddr> = flood.chain(others).collect();
        let (answers, mut ran) = run(clients.into_iter().map(Some).collect()).await;
        assert_eq!(answers[256..], [Ok(()), Ok(()), Ok(())]);
        assert_eq!(ran.len(), QUEUE);
        if threads() == 1 {
            ran.truncate(3);
            assert_eq!(ran, [0, 257, 258], "other networks do not wait behind the flood");
        }
    }

    #[test]
    fn no_job_waits_for_ever() {
        let mut queue = Queue::default();
        let address = |text: &str| Some(text.parse().unwrap());
        let (own, other) = (address("192.0.2.1"), address("198.51.100.1"));
        let ran = Arc::new(Mutex::new(Vec::new()));
        let job = |name| -> Job {
            let ran = Arc::clone(&ran);
            Box::new(move |_| ran.lock().push(name))
        };
        for _ in 0..8 {
            assert!(queue.add(own, job("own")).is_none());
        }
        // Another client sends a new job whenever one has run.
        for _ in 0..60 {
            assert!(queue.add(other, job("other")).is_none());
            queue.take().unwrap()(Turn::Run);
        }
        assert_eq!(ran.lock().iter().filter(|name| **name == "own").count(), 8);
    }

    #[tokio::test]
    async fn a_panic_ends_its_job_only() {
        let workers = Workers::start().unwrap();
        #[allow(clippy::panic)]
        let failed: Result<()> = workers.run(None, || panic!("on purpose")).await;
        assert_eq!(failed, Err(Error::Internal));
        assert_eq!(workers.run(None, || 7).await, Ok(7));
    }
}
