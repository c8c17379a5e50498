//! What the handles of a connection to PostgreSQL share: how statements are sent, and when they are given up.

mod begin;
mod commit;
mod release;

use std::borrow::Cow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::result::DatabaseErrorKind::{self, ReadOnlyTransaction};
use diesel::result::Error as DieselError;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::task::unconstrained;
use tokio::time::timeout;

use super::outage::Outage;
use super::pg_pool::Pooled;
use super::read_state::ReadState;
use super::statement_count::StatementCount;
use super::timing;
use crate::metrics::Access;

/// The shared state of the handles of a connection. When the last handle is dropped, the connection returns to the pool.
pub(super) struct Link {
    /// Only `drop` takes it.
    conn: Option<Arc<Pooled>>,
    stage: Mutex<Stage>,
    /// The pending `COMMIT` that was sent together with the last statement.
    commit: Mutex<Option<Commit>>,
    /// The command that is sent with the next statement.
    deferred: Mutex<Option<Deferred>>,
    limits: Limits,
    /// The number of statements that were sent, and of those that have completed.
    sent: AtomicUsize,
    answers: AtomicUsize,
    pub(super) state: Arc<ReadState>,
    statements: StatementCount,
    access: Access,
    /// The number of prepared statements of all connections when this one was taken from the pool.
    prepared: u64,
}

/// The interval between two checks of a statement that has not completed.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The maximum time in which PostgreSQL parses a statement.
const PARSE_TIME: Duration = Duration::from_millis(100);

/// A command that has not been sent.
pub(super) type Deferred =
    Box<dyn for<'c> FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, QueryResult<usize>> + Send>;

type Commit = BoxFuture<'static, QueryResult<()>>;

/// The transaction state of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// No transaction is open.
    Clean,
    /// A transaction begins with the next statement.
    Begins(Begin),
    /// A transaction is open.
    Open(Begin),
    /// A statement timed out, or the transaction was abandoned.
    Broken,
}

/// The kind of a transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    Read,
    Write,
}

impl Begin {
    /// Names the isolation level, so that the defaults of the server do not matter.
    fn sql(self, limits: Option<&str>) -> Cow<'static, str> {
        let begin = match self {
            Self::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            Self::Write => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        limits.map_or(begin.into(), |limits| format!("{begin}; {limits}").into())
    }
}

/// Limits for statements that PostgreSQL does not end itself.
#[derive(Clone)]
pub(super) struct Limits {
    /// The maximum time of a statement.
    pub(super) time: Duration,
    /// Outages of the database.
    pub(super) outage: Outage,
    /// Statements that set PostgreSQL's own limits in a transaction, if the connection does not have them.
    pub(super) local: Option<Arc<str>>,
}

impl Link {
    /// With `begin`, a transaction begins together with the first statement.
    pub(super) fn new(
        conn: Pooled,
        begin: Option<Begin>,
        limits: Limits,
        state: &Arc<ReadState>,
        statements: &StatementCount,
    ) -> Self {
        Self {
            conn: Some(Arc::new(conn)),
            stage: Mutex::new(begin.map_or(Stage::Clean, Stage::Begins)),
            commit: Mutex::default(),
            deferred: Mutex::default(),
            limits,
            sent: AtomicUsize::new(0),
            answers: AtomicUsize::new(0),
            state: Arc::clone(state),
            statements: statements.clone(),
            access: if begin == Some(Begin::Write) { Access::Write } else { Access::Read },
            prepared: statements.prepared(),
        }
    }

    /// Runs a statement until its last row is read. PostgreSQL enforces `statement_timeout` itself; the limit here is
    /// longer, for a server that does not respond.
    pub(super) async fn run<T>(
        &self,
        statement: impl Future<Output = QueryResult<T>>,
    ) -> QueryResult<T> {
        let is_last = self.state.next()?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        // Unconstrained, so that the first poll sends it.
        let mut statement = pin!(unconstrained(timing::measure(self.access, statement)));
        if is_last && let Poll::Ready(answer) = self.send_last(statement.as_mut()).await {
            self.answers.fetch_add(1, Ordering::Relaxed);
            return self.state.record(answer);
        }
        let answer = self.within_limit(statement).await;
        self.state.record(answer)
    }

    /// Waits for a statement. The server runs pipelined statements in order, so the time limit starts again whenever
    /// another one completes.
    async fn within_limit<T>(
        &self,
        mut statement: Pin<&mut impl Future<Output = QueryResult<T>>>,
    ) -> QueryResult<T> {
        let (mut began, mut answers) = (Instant::now(), self.answers.load(Ordering::Relaxed));
        loop {
            if let Ok(answer) = timeout(LOOK_EVERY, statement.as_mut()).await {
                self.answers.fetch_add(1, Ordering::Relaxed);
                return self.checked(answer, began.elapsed()).await;
            }
            let others = self.answers.load(Ordering::Relaxed);
            if others != answers {
                (began, answers) = (Instant::now(), others);
            }
            if began.elapsed() >= self.limits.time || self.is_cut() {
                self.enter(Stage::Broken);
                return Err(no_answer());
            }
        }
    }

    /// If the session has ended, the error is reported as a lost connection. A read-only session is closed. `took` is the
    /// time of the statement.
    async fn checked<T>(&self, answer: QueryResult<T>, took: Duration) -> QueryResult<T> {
        match answer {
            Err(error @ DieselError::DatabaseError(ReadOnlyTransaction, _)) => {
                self.enter(Stage::Broken);
                Err(error)
            }
            Err(DieselError::DatabaseError(DatabaseErrorKind::Unknown, info))
                if info.statement_position().is_some() && self.has_ended().await =>
            {
                self.enter(Stage::Broken);
                Err(DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, info))
            }
            // A faulty statement fails immediately: this one has waited for the lock of a table while it was parsed.
            Err(DieselError::DatabaseError(DatabaseErrorKind::Unknown, info))
                if info.statement_position().is_some() && took >= PARSE_TIME =>
            {
                let message = Box::new(info.message().to_owned());
                Err(DieselError::DatabaseError(DatabaseErrorKind::Unknown, message))
            }
            answer => answer,
        }
    }

    /// Whether PostgreSQL has ended the session. (If it ends while a statement is parsed, the error has the position of the
    /// statement, like that of a faulty statement. Diesel hides the SQLSTATE.)
    async fn has_ended(&self) -> bool {
        let mut conn = self.conn();
        let empty = conn.batch_execute("");
        !matches!(timeout(LOOK_EVERY, empty).await, Ok(Ok(())))
    }

    /// Whether the connection was open during an outage.
    fn is_cut(&self) -> bool {
        let opened = self.conn.as_ref().map(|conn| Pooled::metrics(conn).created);
        opened.is_some_and(|opened| self.limits.outage.has_cut(opened))
    }

    #[allow(clippy::expect_used)]
    pub(super) fn conn(&self) -> &AsyncPgConnection {
        self.conn.as_ref().expect("only drop takes the connection")
    }

    /// Whether a statement was sent whose caller has not waited for the answer.
    fn has_unanswered(&self) -> bool {
        self.sent.load(Ordering::Relaxed) != self.answers.load(Ordering::Relaxed)
    }

    pub(super) fn stage(&self) -> Stage {
        *self.stage.lock()
    }

    /// Changes the state, unless the connection is broken.
    pub(super) fn enter(&self, stage: Stage) {
        let mut now = self.stage.lock();
        if *now != Stage::Broken {
            *now = stage;
        }
    }
}

fn poll_now(commit: &mut Commit) -> Poll<QueryResult<()>> {
    commit.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

pub(super) fn no_answer() -> DieselError {
    let why = "no answer within the time limit".to_owned();
    DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(why))
}
