//! What the handles of a connection to PostgreSQL share: how statements are sent, and when they are given up.

use std::borrow::Cow;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::result::DatabaseErrorKind::{self, ReadOnlyTransaction};
use diesel::result::Error as DieselError;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::{BoxFuture, join, ready};
use futures_util::poll;
use tokio::runtime::Handle;
use tokio::task::unconstrained;
use tokio::time::timeout;

use super::outage::Outage;
use super::postgres::Pooled;
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
    /// The number of statements that have completed.
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
        // Unconstrained, so that the first poll sends it.
        let mut statement = pin!(unconstrained(timing::measure(self.access, statement)));
        if is_last && let Poll::Ready(answer) = self.send_last(statement.as_mut()).await {
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
            // A faulty statement fails at once: this one has waited for the lock of a table while it was parsed.
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

    /// Sends the last statement, and `COMMIT` with it.
    ///
    /// `COMMIT` would overtake a statement that must be prepared first. Then it is sent when the connection is released.
    /// (Diesel does not report statements that it does not cache, such as `sql` literals: no snapshot may use them.)
    async fn send_last<T>(
        &self,
        statement: Pin<&mut impl Future<Output = QueryResult<T>>>,
    ) -> Poll<QueryResult<T>> {
        let answer = poll!(statement);
        let all_sent = self.statements.prepared() == self.prepared;
        match self.stage() {
            Stage::Clean => self.state.close(),
            Stage::Open(Begin::Read) if answer.is_pending() && all_sent => {
                *self.commit.lock().unwrap_or_else(PoisonError::into_inner) = self.send_commit();
                self.state.close();
            }
            _ => {}
        }
        answer
    }

    /// Sends `COMMIT` at once. A read transaction is committed, because the server's statistics count rollbacks as
    /// failures.
    fn send_commit(&self) -> Option<Commit> {
        let conn = Arc::clone(self.conn.as_ref()?);
        self.statements.skip_next();
        let mut commit: Commit = Box::pin(async move { (&**conn).batch_execute("COMMIT").await });
        match poll_now(&mut commit) {
            Poll::Ready(answer) => Some(Box::pin(ready(answer))),
            Poll::Pending => Some(commit),
        }
    }

    #[allow(clippy::expect_used)]
    pub(super) fn conn(&self) -> &AsyncPgConnection {
        self.conn.as_ref().expect("only drop takes the connection")
    }

    pub(super) fn stage(&self) -> Stage {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, unless the connection is broken.
    pub(super) fn enter(&self, stage: Stage) {
        let mut now = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if *now != Stage::Broken {
            *now = stage;
        }
    }

    /// The transaction that must begin before the next statement.
    fn begin(&self) -> Option<Begin> {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let Stage::Begins(begin) = *stage else { return None };
        *stage = Stage::Open(begin);
        Some(begin)
    }

    pub(super) fn defer(&self, command: Deferred) {
        *self.deferred.lock().unwrap_or_else(PoisonError::into_inner) = Some(command);
    }

    pub(super) fn forget_deferred(&self) {
        drop(self.take_deferred());
    }

    pub(super) fn has_deferred(&self) -> bool {
        self.deferred.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn take_deferred(&self) -> Option<Deferred> {
        self.deferred.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Runs the deferred command, if there is one.
    pub(super) async fn run_deferred(&self) -> QueryResult<()> {
        match self.take_deferred() {
            Some(command) => command(self.conn()).await.map(drop),
            None => Ok(()),
        }
    }

    /// Sends `COMMIT`, and the deferred command with it. The inner result is that of the command: if it fails, the
    /// transaction is rolled back.
    pub(super) async fn commit(&self) -> QueryResult<QueryResult<()>> {
        let mut conn = self.conn();
        let Some(command) = self.take_deferred() else {
            return conn.batch_execute("COMMIT").await.map(Ok);
        };
        let prepared = self.statements.prepared();
        let began = Instant::now();
        let mut command = pin!(unconstrained(command(conn)));
        let sent = poll!(command.as_mut());
        let all_sent = self.statements.prepared() == prepared;
        if sent.is_pending() && all_sent {
            let command = async {
                let done = command.as_mut().await;
                timing::restart();
                done
            };
            let (done, committed) = join(command, conn.batch_execute("COMMIT")).await;
            return self.outcome(done.map(drop), committed, began.elapsed()).await;
        }
        // COMMIT would overtake a statement that must be prepared first.
        let done = match sent {
            Poll::Ready(done) => done,
            Poll::Pending => command.await,
        };
        match self.checked(done, began.elapsed()).await {
            Ok(_) => conn.batch_execute("COMMIT").await.map(Ok),
            Err(error) => {
                if conn.batch_execute("ROLLBACK").await.is_err() {
                    self.enter(Stage::Broken);
                }
                Ok(Err(error))
            }
        }
    }

    /// What became of a transaction whose last command was sent together with `COMMIT`. They took this time.
    async fn outcome(
        &self,
        done: QueryResult<()>,
        committed: QueryResult<()>,
        took: Duration,
    ) -> QueryResult<QueryResult<()>> {
        let Err(error) = done else { return committed.map(Ok) };
        // A pooler reports a lost connection as an error of the server.
        let is_refused = is_of_server(&error) && (committed.is_ok() || self.limits.local.is_none());
        if !is_refused {
            return Err(error);
        }
        if committed.is_err() {
            self.enter(Stage::Broken);
        }
        Ok(self.checked(Err(error), took).await)
    }

    /// Sends `BEGIN`, if a transaction begins, and the deferred command, if there is one, and then the statement.
    pub(super) fn begun<'c, T: Send + 'c>(
        &'c self,
        statement: BoxFuture<'c, QueryResult<T>>,
    ) -> BoxFuture<'c, QueryResult<T>> {
        if self.has_deferred() {
            return Box::pin(async move {
                self.run_deferred().await?;
                statement.await
            });
        }
        if !matches!(self.stage(), Stage::Begins(_)) {
            return statement;
        }
        Box::pin(async move {
            // Of several concurrent statements, the first that is polled begins the transaction.
            let Some(begin) = self.begin() else { return statement.await };
            if begin == Begin::Read {
                self.statements.skip_next();
            }
            let mut conn = self.conn();
            let sql = begin.sql(self.limits.local.as_deref());
            // Both are sent when they are first polled, and `join` polls them in this order.
            let (begun, answer) = join(conn.batch_execute(&sql), statement).await;
            begun.and(answer)
        })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let stage = self.stage();
        let sent = self.commit.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let commit = if stage == Stage::Open(Begin::Read) {
            sent.or_else(|| self.send_commit())
        } else {
            // It owns a reference, which would keep `close` from taking the connection.
            drop(sent);
            None
        };
        let Some(conn) = self.conn.take() else { return };
        match (stage, commit) {
            (Stage::Clean | Stage::Begins(_), _) => drop(conn),
            (_, Some(commit)) => end_read(conn, commit, self.limits.time),
            (_, None) => close(conn),
        }
    }
}

/// Returns a connection to the pool when its transaction has ended, in the background.
fn end_read(conn: Arc<Pooled>, mut commit: Commit, limit: Duration) {
    let give_back = move |answer: Option<QueryResult<()>>| match answer {
        Some(Ok(())) => drop(conn),
        _ => close(conn),
    };
    match (poll_now(&mut commit), Handle::try_current()) {
        (Poll::Ready(answer), _) => give_back(Some(answer)),
        (Poll::Pending, Ok(runtime)) => {
            runtime.spawn(async move { give_back(timeout(limit, commit).await.ok()) });
        }
        (Poll::Pending, Err(_)) => {
            drop(commit);
            give_back(None);
        }
    }
}

fn poll_now(commit: &mut Commit) -> Poll<QueryResult<()>> {
    commit.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// Whether the server has refused the statement.
fn is_of_server(error: &DieselError) -> bool {
    use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
    match error {
        DieselError::DatabaseError(kind, _) => {
            !matches!(kind, ClosedConnection | UnableToSendCommand)
        }
        _ => false,
    }
}

/// Closes a connection instead of returning it to the pool, if this is the last reference.
fn close(conn: Arc<Pooled>) {
    if let Some(conn) = Arc::into_inner(conn) {
        drop(Pooled::take(conn));
    }
}

pub(super) fn no_answer() -> DieselError {
    let why = "no answer within the time limit".to_owned();
    DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(why))
}
