//! A connection to an SQLite file.
//!
//! SQLite has no asynchronous interface, so its statements run on threads that may block. There is no time limit on
//! our side, because such a thread cannot be cancelled: the complexity of a request limits what it reads, and
//! `busy_timeout` how long it waits for a lock.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::{QueryResult, SqliteConnection};
use parking_lot::Mutex as Exclusive;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::error::of_sqlite;
use super::read_state::ReadState;
use super::sqlite::{FileHealth, Pooled};
use super::statement_count::StatementCount;
use super::timing::measure_now;
use crate::metrics::{Access, work};

/// A connection from the pool.
pub struct SqliteConn(Kind);

enum Kind {
    /// Shared by the reads of a snapshot: each statement is a call on a blocking thread.
    Reader(Arc<Mutex<Link>>, Arc<ReadState>),
    /// Owned by a transaction that runs on the thread that writes: a statement runs immediately. It is never locked: only
    /// its exclusive borrow is used, and it makes the connection `Sync`.
    Writer(Exclusive<Pooled>, FileHealth),
}

/// What all handles of a reader share. When the last one is dropped, the connection returns to the pool.
struct Link {
    /// Only `drop` takes it.
    conn: Option<Pooled>,
    stage: Stage,
    state: Arc<ReadState>,
    statements: StatementCount,
    health: FileHealth,
}

/// Where a reader is between two transactions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No transaction is open.
    Clean,
    /// A transaction begins with the next statement.
    Begins,
    /// A transaction is open.
    Open,
}

impl SqliteConn {
    /// With `begins`, a transaction begins with the first statement.
    pub(super) fn reader(
        conn: Pooled,
        begins: bool,
        state: &Arc<ReadState>,
        statements: &StatementCount,
        health: &FileHealth,
    ) -> Self {
        let stage = if begins { Stage::Begins } else { Stage::Clean };
        let (state, statements, health) = (Arc::clone(state), statements.clone(), health.clone());
        let link = Link { conn: Some(conn), stage, state: Arc::clone(&state), statements, health };
        Self(Kind::Reader(Arc::new(Mutex::new(link)), state))
    }

    /// For a transaction on the thread that writes.
    pub(super) fn writer(conn: Pooled, health: &FileHealth) -> Self {
        Self(Kind::Writer(Exclusive::new(conn), health.clone()))
    }

    /// Another handle of the same reader.
    #[allow(clippy::panic, reason = "only snapshots share connections, and they read")]
    pub(super) fn share(&self) -> Self {
        match &self.0 {
            Kind::Reader(link, state) => Self(Kind::Reader(Arc::clone(link), Arc::clone(state))),
            Kind::Writer(..) => panic!("a writer is not shared"),
        }
    }

    /// The state that a reader's statements share.
    pub(super) fn state(&self) -> Option<Arc<ReadState>> {
        match &self.0 {
            Kind::Reader(_, state) => Some(Arc::clone(state)),
            Kind::Writer(..) => None,
        }
    }

    /// Runs a statement.
    pub(in crate::store) async fn run<T: Send + 'static>(
        &mut self,
        statement: impl FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    ) -> QueryResult<T> {
        match &mut self.0 {
            Kind::Writer(conn, health) => {
                let conn = conn.get_mut();
                let result = measure_now(Access::Write, || statement(conn));
                health.note(&result);
                result.map_err(of_sqlite)
            }
            Kind::Reader(link, state) => {
                let mut link = Arc::clone(link).lock_owned().await;
                // The call owns the guard: it runs to its end even if the request is cancelled.
                let run = work::carried(move || link.run(statement));
                spawn_blocking(run).await.unwrap_or_else(|error| state.record(Err(ended(&error))))
            }
        }
    }

    /// Closes the connection, whatever state it is in.
    pub(super) fn close(self) {
        if let Kind::Writer(conn, _) = self.0 {
            drop(Pooled::take(conn.into_inner()));
        }
    }
}

impl Link {
    fn run<T>(
        &mut self,
        statement: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    ) -> QueryResult<T> {
        let is_last = self.state.next()?;
        let run = || self.run_in_transaction(statement, is_last);
        let result = measure_now(Access::Read, run);
        self.health.note(&result);
        if is_last && self.stage == Stage::Clean {
            self.state.close();
        }
        self.state.record(result.map_err(of_sqlite))
    }

    fn run_in_transaction<T>(
        &mut self,
        statement: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
        is_last: bool,
    ) -> QueryResult<T> {
        let Some(conn) = self.conn.as_mut() else { return Err(closed()) };
        if self.stage == Stage::Begins {
            self.statements.skip_next();
            conn.batch_execute("BEGIN DEFERRED")?;
            self.stage = Stage::Open;
        }
        let result = statement(conn)?;
        if is_last && self.stage == Stage::Open {
            commit(conn, &self.statements)?;
            self.stage = Stage::Clean;
        }
        Ok(result)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        if self.stage != Stage::Open {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return drop(Pooled::take(conn)) };
        let statements = self.statements.clone();
        runtime.spawn_blocking(move || {
            if commit(&mut conn, &statements).is_err() {
                drop(Pooled::take(conn));
            }
        });
    }
}

fn commit(conn: &mut SqliteConnection, statements: &StatementCount) -> QueryResult<()> {
    statements.skip_next();
    conn.batch_execute("COMMIT")
}

fn closed() -> diesel::result::Error {
    diesel::result::Error::BrokenTransactionManager
}

/// The error of a statement that panicked, which is a defect, or that was cancelled because the program ends.
fn ended(error: &tokio::task::JoinError) -> diesel::result::Error {
    if error.is_panic() {
        diesel::result::Error::QueryBuilderError(error.to_string().into())
    } else {
        closed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::domain::{Clock, Error};
    use crate::store::db::{Conn, Db, ReadMode};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_is_no_outage() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/kanban.db", folder.path().display());
        let lookup = |name: &str| (name == "DATABASE_URL").then(|| url.clone());
        let config = Config::from_lookup(lookup).unwrap();
        let (db, _) = Db::open(&config.database, Clock::default()).await.unwrap();
        let snapshot = db.snapshot(ReadMode::Transaction, None);
        let Conn::Sqlite(mut conn) = snapshot.read().await.unwrap() else { panic!() };
        #[allow(clippy::panic)]
        let panicked = conn.run(|_| -> QueryResult<()> { panic!("on purpose") }).await;
        assert_eq!(Error::from(panicked.unwrap_err()), Error::Internal);
        assert!(snapshot.failed());
        drop(conn);
        snapshot.end();
        assert!(db.snapshot(ReadMode::Transaction, None).read().await.is_ok());
    }
}
