//! Decides when the loads that fields request are sent to the database.
//!
//! The scheduler polls a request until it makes no more progress: every field then has its value or waits
//! for that of a key. Only then is one load started for each relation, with all keys that fields have requested; it sends
//! one statement for each group of parameters. Sending these loads and waiting for all of them is a dispatch round. So
//! keys that can share a statement always do, however many fields request them and however long the database takes. (The
//! dataloader crate waits for a fixed number of yields by default, which sent 11 statements instead of 7 for a list of 50
//! boards.)

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

type Load = BoxFuture<'static, ()>;

/// How long a request computes before it yields to other requests on its thread.
const TIME_SLICE: Duration = Duration::from_millis(4);

/// The scheduler of one request.
#[derive(Default)]
pub(in crate::graphql) struct BatchScheduler {
    next: Mutex<Vec<Load>>,
    /// When the request should yield.
    slice_end: Mutex<Option<Instant>>,
    /// Whether the request has paused to yield.
    paused: AtomicBool,
    /// Whether a part was polled in this time slice.
    part_polled: AtomicBool,
}

impl BatchScheduler {
    /// Adds a load to the next dispatch round.
    pub(in crate::graphql) fn add(&self, load: Load) {
        self.next.lock().push(load);
    }

    /// Yields to other requests if this one has used up its time slice.
    pub(super) async fn yield_if_due(&self) {
        if !self.is_due() {
            return;
        }
        self.paused.store(true, Ordering::Relaxed);
        poll_fn(|cx| {
            if !self.paused.load(Ordering::Relaxed) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Polls a part of the request only while the time slice lasts. For parts that are polled only when they were woken,
    /// as in [`futures_util::stream::FuturesOrdered`].
    pub(super) async fn sliced<F: Future>(&self, part: F) -> F::Output {
        let mut part = pin!(part);
        poll_fn(|cx| {
            // The first part of a slice is polled anyway, so that every slice makes progress.
            if !self.part_polled.swap(true, Ordering::Relaxed) || !self.is_due() {
                return part.as_mut().poll(cx);
            }
            self.paused.store(true, Ordering::Relaxed);
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }

    /// Whether the time slice is used up.
    fn is_due(&self) -> bool {
        let end = *self.slice_end.lock();
        end.is_some_and(|end| Instant::now() >= end)
    }

    fn begin_slice(&self) {
        *self.slice_end.lock() = Some(Instant::now() + TIME_SLICE);
        self.part_polled.store(false, Ordering::Relaxed);
        self.paused.store(false, Ordering::Relaxed);
    }

    /// Runs a request to completion, one dispatch round after the other.
    pub(super) async fn run<T>(&self, request: Pin<&mut impl Future<Output = T>>) -> T {
        // Tokio's cooperative budget would pause a request after 128 completed loads, without any sign
        // that there is more to do.
        let _unsent = DropUnsentLoads(self);
        let mut request = pin!(tokio::task::unconstrained(request));
        let mut loads = RunningLoads::default();
        let progress = Arc::new(Progress::new());
        let waker = Waker::from(Arc::clone(&progress));
        poll_fn(|cx| {
            progress.unregister();
            self.begin_slice();
            loop {
                while progress.take() {
                    let poll = request.as_mut().poll(&mut Context::from_waker(&waker));
                    if poll.is_ready() {
                        return poll;
                    }
                    if self.paused.load(Ordering::Relaxed) {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
                if loads.0.is_empty() {
                    loads.0.extend(self.next());
                }
                if loads.poll(cx) == Poll::Pending && progress.sleep(cx) {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Takes the loads of the next dispatch round.
    fn next(&self) -> Vec<Load> {
        std::mem::take(&mut *self.next.lock())
    }
}

/// Drops the unsent loads when the request ends. They hold a reference to their [`BatchScheduler`], which
/// would be a cycle.
struct DropUnsentLoads<'r>(&'r BatchScheduler);

impl Drop for DropUnsentLoads<'_> {
    fn drop(&mut self) {
        drop(self.0.next());
    }
}

/// Records whether a part of the request was woken, and wakes its task.
struct Progress {
    made: AtomicBool,
    task: AtomicWaker,
}

impl Progress {
    /// The progress of a request that has not been polled yet.
    fn new() -> Self {
        Self { made: AtomicBool::new(true), task: AtomicWaker::new() }
    }

    /// Unregisters the task, which need not be woken while it runs.
    fn unregister(&self) {
        self.task.take();
    }

    /// Returns whether there was progress since the last call.
    fn take(&self) -> bool {
        self.made.swap(false, Ordering::AcqRel)
    }

    /// Registers the task to be woken on progress. Returns false if there was progress already.
    fn sleep(&self, cx: &Context<'_>) -> bool {
        self.task.register(cx.waker());
        !self.made.load(Ordering::Acquire)
    }
}

impl Wake for Progress {
    fn wake(self: Arc<Self>) {
        self.made.store(true, Ordering::Release);
        self.task.wake();
    }
}

/// The loads of the current dispatch round.
#[derive(Default)]
struct RunningLoads(FuturesUnordered<Load>);

impl RunningLoads {
    /// Ready if at least one load has completed.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut completed = Poll::Pending;
        while let Poll::Ready(Some(())) = self.0.poll_next_unpin(cx) {
            completed = Poll::Ready(());
        }
        completed
    }
}

/// If a request is dropped because its client has disconnected, its statements run to completion: on
/// SQLite, dropping one would block the thread until it has ended.
impl Drop for RunningLoads {
    fn drop(&mut self) {
        if let (false, Ok(runtime)) = (self.0.is_empty(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(std::mem::take(&mut self.0).collect::<()>());
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream::FuturesOrdered;

    use super::*;

    /// Needs one more poll, as a long list does.
    async fn pause() {
        let mut paused = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut paused, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_round_begins_when_all_wait_and_ends_when_all_have_answered() {
        let scheduler = Arc::new(BatchScheduler::default());
        let log = Arc::new(Mutex::new(Vec::new()));
        let load = |name: &'static str, pauses: usize| {
            let (scheduler, log) = (Arc::clone(&scheduler), Arc::clone(&log));
            async move {
                for _ in 0..pauses {
                    pause().await;
                }
                let (done, answer) = tokio::sync::oneshot::channel();
                let asked = Arc::clone(&log);
                scheduler.add(Box::pin(async move {
                    asked.lock().push(format!("load {name}"));
                    let _ = done.send(());
                }));
                log.lock().push(format!("ask {name}"));
                answer.await.unwrap();
            }
        };
        let field = |name, next, pauses| async move {
            load(name, pauses).await;
            load(next, pauses).await;
        };
        let both = async { tokio::join!(field("a", "aa", 0), field("b", "bb", 7)) };
        scheduler.run(pin!(both)).await;
        let mut log = log.lock().clone();
        for round in log.chunks_mut(2) {
            round.sort();
        }
        let expected =
            ["ask a", "ask b", "load a", "load b", "ask aa", "ask bb", "load aa", "load bb"];
        assert_eq!(log, expected);
    }

    #[tokio::test]
    async fn parts_that_compute_for_long_are_polled_in_several_slices() {
        const PARTS: usize = 40;
        let scheduler = BatchScheduler::default();
        let part = async || {
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(1) {}
        };
        let parts = (0..PARTS).map(|_| scheduler.sliced(part())).collect::<FuturesOrdered<_>>();
        let parts = pin!(parts.collect::<Vec<()>>());
        let mut run = pin!(scheduler.run(parts));
        let mut pauses = 0;
        while run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            pauses += 1;
        }
        assert!((PARTS / 5..PARTS).contains(&pauses), "{pauses} pauses");
    }
}
