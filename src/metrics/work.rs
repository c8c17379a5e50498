//! What a request has done, for its line in the log. It belongs to the task, because statements are counted far from
//! their request.

use std::ops::DerefMut;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::requests::Operation;

tokio::task_local! {
    static CURRENT: Arc<Work>;
}

/// What a request has done.
#[derive(Default)]
pub struct Work {
    /// The operation, if the document is valid.
    pub operation: OnceLock<Arc<Operation>>,
    /// The text of the document.
    pub document: OnceLock<Arc<str>>,
    statements: AtomicU64,
    rows: AtomicU64,
}

impl Work {
    /// The number of statements that were sent to the database, those that begin and end transactions excepted.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// The number of rows that were read or written.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Counts a statement.
    pub fn add_statement(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts rows.
    pub fn add_rows(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }
}

/// Runs a request, whose work is noted. It is pinned, because a future of its size would be copied several times.
pub fn note<F>(
    work: Arc<Work>,
    request: Pin<F>,
) -> impl Future<Output = <F::Target as Future>::Output>
where
    F: DerefMut<Target: Future>,
{
    CURRENT.scope(work, request)
}

/// The work of the present request; of nobody in a task that belongs to no request.
pub fn current() -> Arc<Work> {
    CURRENT.try_with(Arc::clone).unwrap_or_default()
}

/// A call on another thread that belongs to the present request too, if there is one.
pub fn carried<T>(call: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let work = CURRENT.try_with(Arc::clone).ok();
    move || match work {
        Some(work) => CURRENT.sync_scope(work, call),
        None => call(),
    }
}

/// The document of the present request, if there is one.
pub fn document() -> Option<Arc<str>> {
    CURRENT.try_with(|work| work.document.get().map(Arc::clone)).ok().flatten()
}

/// Does something with the work of the present request, if there is one.
pub fn with(tell: impl FnOnce(&Work)) {
    let _ = CURRENT.try_with(|work| tell(work));
}
