//! A connection to an SQLite file that runs one statement after the other, begins a transaction together with
//! its first, ends it together with its last if that is known, and goes back to the pool only when no transaction is open.
//!
//! There is no time limit on our side: statements run on threads that may block, where none can be given up,
//! and nothing but the disk can let one wait.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::{QueryResult, SqliteConnection};
use diesel_async::pooled_connection::deadpool::Object;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, MutexGuard};

use super::snapshot::ReadState;
use super::{RawSqliteConn, StatementCount};

/// A connection from the pool.
pub struct SqliteConn {
    link: Arc<Mutex<Link>>,
    pub(super) reads: Arc<ReadState>,
}

/// What all who share a connection take in turn. When the last of them lets go, it returns to the pool.
pub(super) struct Link {
    /// Only `drop` takes it.
    conn: Option<Object<RawSqliteConn>>,
    stage: Stage,
    reads: Arc<ReadState>,
    statements: StatementCount,
}

/// Where a connection is between two transactions that read. (A transaction that writes is kept by `Tx`.)
enum Stage {
    Clean,
    /// A transaction begins with the next statement.
    Begins,
    Open,
    Broken,
}

impl SqliteConn {
    /// With `begins`, a transaction that reads begins with the first statement.
    pub(super) fn new(
        conn: Object<RawSqliteConn>,
        begins: bool,
        reads: &Arc<ReadState>,
        statements: &StatementCount,
    ) -> Self {
        let stage = if begins { Stage::Begins } else { Stage::Clean };
        let link = Link {
            conn: Some(conn),
            stage,
            reads: Arc::clone(reads),
            statements: statements.clone(),
        };
        Self { link: Arc::new(Mutex::new(link)), reads: Arc::clone(reads) }
    }

    /// Another holder of the same connection.
    pub(super) fn share(&self) -> Self {
        Self { link: Arc::clone(&self.link), reads: Arc::clone(&self.reads) }
    }

    /// Runs a statement in one call on a thread that may block.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        statement: impl FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    ) -> QueryResult<T> {
        let mut link = self.link.lock().await;
        let ends = link.next()?;
        let (begin, statements) = (link.begin(), link.statements.clone());
        let answer = link.conn().spawn_blocking(move |c| {
            begin(c)?;
            let answer = statement(c)?;
            if ends {
                commit(c, &statements)?;
            }
            Ok(answer)
        });
        let answer = answer.await;
        if ends && answer.is_ok() {
            link.stage = Stage::Clean;
            link.reads.close();
        }
        link.noted(answer)
    }

    /// The connection for one statement that is run through Diesel's wrapper.
    pub(super) async fn turn(&self) -> QueryResult<MutexGuard<'_, Link>> {
        let mut link = self.link.lock().await;
        link.next()?;
        if matches!(link.stage, Stage::Begins) {
            let begin = link.begin();
            let begun = link.conn().spawn_blocking(begin).await;
            link.noted(begun)?;
        }
        Ok(link)
    }

    /// Closes the connection, in whatever state it is.
    pub(super) fn close(self) {
        if let Some(link) = Arc::into_inner(self.link) {
            link.into_inner().stage = Stage::Broken;
        }
    }
}

impl Link {
    #[allow(clippy::expect_used)]
    pub(super) fn conn(&mut self) -> &mut RawSqliteConn {
        self.conn.as_mut().expect("only drop takes the connection")
    }

    pub(super) fn noted<T>(&self, answer: QueryResult<T>) -> QueryResult<T> {
        self.reads.noted(answer)
    }

    /// Asked before each statement. Answers whether the transaction can end with it.
    fn next(&self) -> QueryResult<bool> {
        let (last, clean) = (self.reads.next()?, matches!(self.stage, Stage::Clean));
        if last && clean {
            self.reads.close();
        }
        Ok(last && !clean)
    }

    /// What must be run before the next statement.
    fn begin(&mut self) -> impl FnOnce(&mut SqliteConnection) -> QueryResult<()> + use<> {
        let begins = matches!(self.stage, Stage::Begins);
        if begins {
            self.stage = Stage::Open;
        }
        let statements = self.statements.clone();
        move |c| {
            if !begins {
                return Ok(());
            }
            statements.leave_out_next();
            c.batch_execute("BEGIN DEFERRED")
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        match (&self.stage, Handle::try_current()) {
            (Stage::Clean | Stage::Begins, _) => drop(conn),
            (Stage::Open, Ok(runtime)) => {
                let statements = self.statements.clone();
                let end = conn.spawn_blocking(move |c| commit(c, &statements));
                runtime.spawn(async move {
                    if end.await.is_err() {
                        drop(Object::take(conn));
                    }
                });
            }
            (Stage::Open | Stage::Broken, _) => drop(Object::take(conn)),
        }
    }
}

fn commit(conn: &mut SqliteConnection, statements: &StatementCount) -> QueryResult<()> {
    statements.leave_out_next();
    conn.batch_execute("COMMIT")
}
