//! Which request a task works for, and what the request has done, for the log. It belongs to the task, because lines are
//! written and statements are counted far from their request.
//!
//! Spans of `tracing` would do the same, but one for each request takes time even if it has no line (ADR 72).

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::requests::Operation;

tokio::task_local! {
    static CURRENT: Arc<Work>;
}

/// An HTTP request, as in all log lines about it.
pub struct Origin {
    /// Its ID.
    pub id: String,
    /// The address of its client.
    pub client: Option<IpAddr>,
    /// Its method.
    pub method: String,
    /// Its path, without the query string, which may hold tokens.
    pub path: String,
}

/// What a request has done. An HTTP request may have several GraphQL requests.
#[derive(Default)]
pub struct Work {
    origin: Option<Arc<Origin>>,
    /// The operation, if the document is valid.
    pub operation: OnceLock<Arc<Operation>>,
    /// The text of the document.
    pub document: OnceLock<Arc<str>>,
    statements: AtomicU64,
    rows: AtomicU64,
}

impl Work {
    /// That of an HTTP request.
    pub fn of(origin: Origin) -> Self {
        Self { origin: Some(Arc::new(origin)), ..Self::default() }
    }

    /// That of a GraphQL request in the present HTTP request.
    pub fn of_graphql() -> Self {
        Self { origin: origin(), ..Self::default() }
    }

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

/// Runs a request, whose work is noted. Large futures should be pinned, because they would be copied several times.
pub fn note<F: Future>(work: Arc<Work>, request: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(work, request)
}

/// The same for a call.
pub fn note_call<T>(work: &Arc<Work>, call: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(Arc::clone(work), call)
}

/// The work of the present request; of nobody in a task that belongs to no request.
pub fn current() -> Arc<Work> {
    CURRENT.try_with(Arc::clone).unwrap_or_default()
}

/// The present HTTP request, if there is one.
pub fn origin() -> Option<Arc<Origin>> {
    CURRENT.try_with(|work| work.origin.clone()).ok().flatten()
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
