//! A consistent view of the database for a GraphQL query, or for a payload of a mutation or a subscription.
//!
//! The first read takes the one connection that all reads share, and begins a transaction together with its statement,
//! unless a single statement is expected. The transaction ends when the last handle of the connection is dropped: after
//! [`Snapshot::end`], or when a request is cancelled. The connection returns to its pool when the database has confirmed
//! the end; nobody waits for that.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::Db;
use super::conn::Conn;
use super::memory_size::Budget;
use super::outage_log;
use super::read_state::{ReadMode, ReadState};
use crate::domain::{Error, Result, Timestamp};
use crate::metrics::Trouble;

/// A consistent view of the database.
#[derive(Clone)]
pub struct Snapshot(Arc<Inner>);

struct Inner {
    db: Db,
    mode: ReadMode,
    state: Arc<ReadState>,
    /// The time of the first read.
    began: OnceLock<Instant>,
    /// `None` after the end.
    conn: Mutex<Option<Arc<OnceCell<Conn>>>>,
}

impl Db {
    /// A snapshot for one query, whose rows are counted by the budget.
    pub fn snapshot(&self, mode: ReadMode, budget: Option<Budget>) -> Snapshot {
        Snapshot(Arc::new(Inner {
            db: self.clone(),
            mode,
            state: ReadState::new(mode, budget),
            began: OnceLock::new(),
            conn: Mutex::new(Some(Arc::default())),
        }))
    }
}

impl Snapshot {
    /// A handle of the snapshot's connection. Concurrent reads share it: PostgreSQL receives their statements
    /// pipelined, SQLite runs one after the other.
    pub async fn read(&self) -> Result<Conn> {
        let Inner { db, mode, state, began, conn } = &*self.0;
        if began.get_or_init(Instant::now).elapsed() > db.query_time {
            let reason = "a query read for longer than DATABASE_STATEMENT_SECONDS";
            outage_log::note(Trouble::Contention, &reason);
            state.fail();
        }
        if state.failed() {
            return Err(Error::Unavailable);
        }
        let conn = conn.lock().clone();
        let conn = conn.ok_or_else(|| Error::defect("a query reads after its end"))?;
        match conn.get_or_try_init(|| db.reader(*mode, state)).await {
            Ok(conn) => Ok(conn.share()),
            Err(error) => {
                state.fail();
                Err(error)
            }
        }
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.0.db.now()
    }

    /// Whether a statement failed, or no connection was available. Then nothing more is read, because it could
    /// be of another state.
    pub fn failed(&self) -> bool {
        self.0.state.failed()
    }

    /// Whether the query needed more statements than [`ReadMode::Expect`] allows. It must run again in
    /// [`ReadMode::Transaction`]. (The refused statement returned an error.)
    pub fn exceeded(&self) -> bool {
        self.0.state.exceeded()
    }

    /// The number of statements that were run.
    pub fn statements(&self) -> usize {
        self.0.state.count()
    }

    /// Ends the transaction and gives the connection back, without waiting for the database. Statements that
    /// are still running are completed first.
    pub fn end(&self) {
        self.0.conn.lock().take();
    }
}
