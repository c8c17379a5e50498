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

use super::memory_size::refusal;
use super::{Conn, Db};
use crate::domain::{Error, Result};

/// How a query reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// This many statements; see [`Snapshot::statements`]. One needs no transaction, as it sees one state by
    /// itself. Otherwise the transaction ends together with the last one. What comes after it is refused; see
    /// [`Snapshot::exceeded`].
    Expect(usize),
    /// Any number of statements in one transaction.
    Transaction,
}

impl Mode {
    pub(super) fn begins(self) -> bool {
        self != Self::Expect(1)
    }

    /// The number of the last statement; 0 if it is not known.
    fn last(self) -> usize {
        match self {
            Self::Expect(statements) => statements,
            Self::Transaction => 0,
        }
    }
}

/// Asked for each row that is read, with the bytes that it takes: its error stops the load, which answers it.
pub type Budget = Arc<dyn Fn(usize) -> Result<()> + Send + Sync>;

/// What one query reads with. Cheap to make and to clone: the connection is taken by the first read.
#[derive(Clone)]
pub struct Snapshot(Arc<Inner>);

struct Inner {
    db: Db,
    mode: Mode,
    reads: Arc<ReadState>,
    /// When it was first read.
    began: OnceLock<Instant>,
    /// `None` after the end.
    conn: Mutex<Option<Arc<OnceCell<Conn>>>>,
}

impl Db {
    /// A snapshot for one query, which may read as much as the budget allows.
    pub fn snapshot(&self, mode: Mode, budget: Option<Budget>) -> Snapshot {
        let reads = ReadState { last: mode.last(), budget, ..ReadState::default() };
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
    /// The snapshot's connection. ReadState at the same time share it: PostgreSQL gets all of their
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

    /// Whether there was one statement more than [`Mode::Expect`] allows: the query has to be run again in
    /// [`Mode::Transaction`]. (The refused read answers an error.)
    pub fn exceeded(&self) -> bool {
        self.0.reads.exceeded.load(Ordering::Relaxed)
    }

    /// How many statements were run.
    pub fn statements(&self) -> usize {
        self.0.reads.count.load(Ordering::Relaxed)
    }

    /// Ends the transaction and gives the connection back, without waiting for the database. What still
    /// reads is let end before.
    pub fn end(&self) {
        self.0.conn.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The statements that belong together: how many there may be, and what has become of them.
#[derive(Default)]
pub(super) struct ReadState {
    last: usize,
    count: AtomicUsize,
    closed: AtomicBool,
    exceeded: AtomicBool,
    failed: AtomicBool,
    pub(super) budget: Option<Budget>,
}

impl ReadState {
    /// Asked before each statement. Answers whether it is expected to be the last.
    pub(super) fn next(&self) -> QueryResult<bool> {
        if self.closed.load(Ordering::Relaxed) {
            self.exceeded.store(true, Ordering::Relaxed);
            // What says in Diesel that a transaction is given up; nothing went wrong.
            return Err(diesel::result::Error::RollbackTransaction);
        }
        Ok(self.count.fetch_add(1, Ordering::Relaxed) + 1 == self.last)
    }

    /// From now on statements are refused: they would see another state.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
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
