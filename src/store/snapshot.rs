//! One state of the database for all that a query reads.
//!
//! A query takes one connection, when it first reads, and begins a transaction together with its first
//! statement. The transaction ends when nobody holds the [`Snapshot`] and what it has handed out any more:
//! after [`Snapshot::end`], and also when a request is dropped. The connection goes back to its pool when
//! the database has confirmed the end; nobody waits for that.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use diesel::QueryResult;
use tokio::sync::OnceCell;

use super::weigh::refusal;
use super::{Conn, Db};
use crate::domain::{Error, Result};

/// How a query reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One statement and no transaction, as one statement sees one state by itself. A second one is
    /// refused; see [`Snapshot::needs_transaction`].
    Single,
    /// Any number of statements in one transaction.
    Transaction,
}

/// Asked for each row that is read, with the bytes that it takes: its error stops the load, which answers it.
pub type Budget = Arc<dyn Fn(usize) -> Result<()> + Send + Sync>;

/// What one query reads with. Cheap to make and to clone: the connection is taken by the first read.
#[derive(Clone)]
pub struct Snapshot(Arc<Inner>);

struct Inner {
    db: Db,
    mode: Mode,
    reads: Arc<Reads>,
    /// When it was first read.
    began: OnceLock<Instant>,
    /// `None` after the end.
    conn: Mutex<Option<Arc<OnceCell<Conn>>>>,
}

impl Db {
    /// A snapshot for one query, which may read as much as the budget allows.
    pub fn snapshot(&self, mode: Mode, budget: Option<Budget>) -> Snapshot {
        let reads = Reads { single: mode == Mode::Single, budget, ..Reads::default() };
        Snapshot(Arc::new(Inner {
            db: self.clone(),
            mode,
            reads: Arc::new(reads),
            began: OnceLock::new(),
            conn: Mutex::new(Some(Arc::default())),
        }))
    }
}

impl Snapshot {
    /// The snapshot's connection. Reads at the same time share it: PostgreSQL gets all of their
    /// statements at once, SQLite one after the other.
    pub async fn read(&self) -> Result<Conn> {
        let Inner { db, mode, reads, began, conn } = &*self.0;
        if began.get_or_init(Instant::now).elapsed() > db.query_time {
            tracing::error!("a query read for longer than DATABASE_STATEMENT_SECONDS");
            reads.fail();
        }
        if reads.failed() {
            return Err(Error::Unavailable);
        }
        let conn = conn.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let conn = conn.ok_or(Error::Internal)?;
        let opened = conn.get_or_try_init(|| db.reader(*mode, reads)).await;
        match opened {
            Ok(conn) => Ok(conn.share()),
            Err(error) => {
                reads.fail();
                Err(error)
            }
        }
    }

    /// Whether a statement failed, or there was no connection. Nothing more is read then, as what follows
    /// could not be of the same state.
    pub fn failed(&self) -> bool {
        self.0.reads.failed()
    }

    /// Whether there was a second statement in [`Mode::Single`]: the query has to be run again in
    /// [`Mode::Transaction`]. (The refused read answers an error.)
    pub fn needs_transaction(&self) -> bool {
        self.0.reads.second.load(Ordering::Relaxed)
    }

    /// Whether one statement was enough.
    pub fn was_single(&self) -> bool {
        self.0.reads.count.load(Ordering::Relaxed) == 1
    }

    /// Ends the transaction and gives the connection back, without waiting for the database. What still
    /// reads is let end before.
    pub fn end(&self) {
        self.0.conn.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The statements that belong together: how many there may be, and what has become of them.
#[derive(Default)]
pub(super) struct Reads {
    single: bool,
    count: AtomicUsize,
    second: AtomicBool,
    failed: AtomicBool,
    pub(super) budget: Option<Budget>,
}

impl Reads {
    /// Asked before each statement.
    pub(super) fn next(&self) -> QueryResult<()> {
        if self.count.fetch_add(1, Ordering::Relaxed) > 0 && self.single {
            self.second.store(true, Ordering::Relaxed);
            // What says in Diesel that a transaction is given up; nothing went wrong.
            return Err(diesel::result::Error::RollbackTransaction);
        }
        Ok(())
    }

    /// Told what each statement has answered.
    pub(super) fn noted<T>(&self, answer: QueryResult<T>) -> QueryResult<T> {
        if answer.as_ref().is_err_and(|error| refusal(error).is_none()) {
            self.fail();
        }
        answer
    }

    fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}
