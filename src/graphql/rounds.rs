//! When to send what sibling fields have asked for.
//!
//! A request is polled until it makes no more progress: every field then either has its answer or
//! waits for a load. Only now the loads that were asked for are sent, all at once, and only when
//! all of them have answered can the next round begin. So what belongs into one statement always
//! gets into one, however many fields ask and however long the database takes. (Waiting for a
//! fixed number of yields, as the dataloader crate does by itself, sent 11 statements in place of 7
//! for a list of 50 boards.)

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use futures_util::future::BoxFuture;
use futures_util::task::AtomicWaker;
use tracing::Instrument;

/// The rounds of one request.
#[derive(Default)]
pub(super) struct Rounds {
    next: Mutex<Vec<BoxFuture<'static, ()>>>,
    running: AtomicUsize,
    progress: Arc<Progress>,
}

/// Notes whether anything was woken, and wakes the request's task.
#[derive(Default)]
struct Progress {
    made: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Progress {
    fn wake(self: Arc<Self>) {
        self.made.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl Rounds {
    /// Puts a load into the next round.
    pub(super) fn add(&self, load: BoxFuture<'static, ()>) {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).push(load);
    }

    /// Runs a request to its end, round after round.
    pub(super) async fn run<F: Future>(self: Arc<Self>, request: F) -> F::Output {
        // Tokio's cooperative budget would stop a level of more than 128 answers half-way, without
        // a trace that there is more to do.
        let mut request = pin!(tokio::task::unconstrained(request));
        let waker = Waker::from(Arc::clone(&self.progress));
        poll_fn(|cx| {
            self.progress.task.register(cx.waker());
            self.progress.made.swap(false, Ordering::AcqRel);
            let poll = request.as_mut().poll(&mut Context::from_waker(&waker));
            // In this order: a load that has ended has made its progress before.
            let all_answered = self.running.load(Ordering::Acquire) == 0;
            if poll.is_pending() && all_answered && !self.progress.made.load(Ordering::Acquire) {
                self.begin_round();
            }
            poll
        })
        .await
    }

    /// Sends the loads of the next round.
    fn begin_round(self: &Arc<Self>) {
        let loads = std::mem::take(&mut *self.next.lock().unwrap_or_else(PoisonError::into_inner));
        self.running.store(loads.len(), Ordering::Release);
        for load in loads {
            let running = Running(Arc::clone(self));
            // A task of its own: a request that is dropped does not stop a statement half-way.
            tokio::spawn(
                async move {
                    load.await;
                    drop(running);
                }
                .in_current_span(),
            );
        }
    }
}

/// A load under way; ends with it, even if it panics.
struct Running(Arc<Rounds>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
        Arc::clone(&self.0.progress).wake();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

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
        let rounds = Arc::new(Rounds::default());
        let log = Arc::new(Mutex::new(Vec::new()));
        let load = |name: &'static str, pauses: usize| {
            let (rounds, log) = (Arc::clone(&rounds), Arc::clone(&log));
            async move {
                for _ in 0..pauses {
                    pause().await;
                }
                let (done, answer) = tokio::sync::oneshot::channel();
                let asked = Arc::clone(&log);
                rounds.add(Box::pin(async move {
                    asked.lock().unwrap().push(format!("load {name}"));
                    let _ = done.send(());
                }));
                log.lock().unwrap().push(format!("ask {name}"));
                answer.await.unwrap();
            }
        };
        let field = |name, next, pauses| async move {
            load(name, pauses).await;
            load(next, pauses).await;
        };
        let both = async { tokio::join!(field("a", "aa", 0), field("b", "bb", 7)) };
        Arc::clone(&rounds).run(both).await;
        let mut log = log.lock().unwrap().clone();
        for round in log.chunks_mut(2) {
            round.sort();
        }
        let expected =
            ["ask a", "ask b", "load a", "load b", "ask aa", "ask bb", "load aa", "load bb"];
        assert_eq!(log, expected);
    }
}
