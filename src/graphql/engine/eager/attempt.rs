//! Attempts to resolve an object without waiting. If one fails, its errors and memory are rolled back. Loads that it has
//! requested stay queued; the second resolution requests the same keys.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::{MutexGuard, PoisonError};
use std::task::{Context as Task, Poll, Waker};

use async_graphql::{ContextSelectionSet, ServerError};

use crate::graphql::engine::request_state::RequestState;

/// Runs `write`; `None` if async-graphql has to resolve the object again. In that case its side
/// effects are rolled back: memory taken, and errors recorded by nullable fields. (No other field runs in
/// between.) If `write` fails within an outer attempt, this never returns: the outer attempt finds the field pending and
/// drops it.
pub(super) async fn try_or_roll_back<T>(
    ctx: &ContextSelectionSet<'_>,
    state: &RequestState,
    write: impl FnOnce() -> Option<T>,
) -> Option<T> {
    let (saved, noted) = (state.budget.save(), errors(ctx).len());
    let made = write();
    if made.is_none() {
        state.budget.restore(saved);
        errors(ctx).truncate(noted);
        if is_trying() {
            std::future::pending::<()>().await;
        }
    }
    made
}

/// The errors of the response so far.
pub(super) fn errors<'c>(ctx: &'c ContextSelectionSet<'_>) -> MutexGuard<'c, Vec<ServerError>> {
    ctx.query_env.errors.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    /// Whether a field is being polled as part of an attempt.
    static TRYING: Cell<bool> = const { Cell::new(false) };
}

/// Whether an object is resolved as part of an attempt.
pub(super) fn is_trying() -> bool {
    TRYING.get()
}

/// Polls a field once.
pub(super) fn attempt<F: Future>(field: Pin<&mut F>) -> Poll<F::Output> {
    let _trying = Trying { outer: TRYING.replace(true) };
    field.poll(&mut Task::from_waker(Waker::noop()))
}

/// Marks an attempt; ends it on drop, even if the field panics.
struct Trying {
    outer: bool,
}

impl Drop for Trying {
    fn drop(&mut self) {
        TRYING.set(self.outer);
    }
}
