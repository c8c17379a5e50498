//! How long statements take.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::metrics::{self, Access};

tokio::task_local! {
    /// When the current statement began.
    static BEGAN: Cell<Instant>;
}

/// Runs a statement and measures its time.
pub(super) async fn measure<T>(access: Access, statement: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let answer = BEGAN.scope(Cell::new(began), statement).await;
    observe(access, began);
    answer
}

/// The same for a statement that blocks.
pub(super) fn measure_now<T>(access: Access, statement: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let answer = BEGAN.sync_scope(Cell::new(began), statement);
    observe(access, began);
    answer
}

fn observe(access: Access, began: Instant) {
    metrics::get().database.statements.of(access).observe(began.elapsed().as_secs_f64());
}

/// How long the current statement has run; `None` outside of one.
pub(super) fn elapsed() -> Option<Duration> {
    BEGAN.try_with(|began| began.get().elapsed()).ok()
}

/// Begins to count the time of a statement that was sent together with the one before it.
pub(super) fn restart() {
    let _ = BEGAN.try_with(|began| began.set(Instant::now()));
}
