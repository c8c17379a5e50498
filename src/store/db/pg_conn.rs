//! A connection to PostgreSQL that begins a transaction together with its first statement, ends one that reads
//! together with its last if that is known, gives no statement more time than its limit, and goes back to the
//! pool only when it is known to be clean.

use std::borrow::Cow;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel::result::DatabaseErrorKind::{self, ReadOnlyTransaction};
use diesel::result::Error as DieselError;
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::{BoxFuture, join, ready};
use futures_util::poll;
use tokio::runtime::Handle;
use tokio::task::unconstrained;
use tokio::time::timeout;

use super::outage::Outage;
use super::postgres::Pooled;
use super::read_state::ReadState;
use super::statement_count::StatementCount;

/// A connection from the pool.
///
/// `BEGIN` answers nothing that one could act upon, so it is not waited for: it is sent ahead of the
/// statement that comes next. That is one way to the database less for each write, of four or five: with a
/// database that is 1 ms away, `createCard` takes 11.2 instead of 13.4 ms; with one on the same machine
/// 2 % less.
pub struct PgConn(Arc<Link>);

/// What all who share a connection hold. When the last of them lets go, it returns to the pool.
pub(super) struct Link {
    /// Only `drop` takes it.
    conn: Option<Arc<Pooled>>,
    stage: Mutex<Stage>,
    /// What became of a `COMMIT` that was sent along with the last statement.
    commit: Mutex<Option<Commit>>,
    limits: Limits,
    /// How many statements have ended.
    answers: AtomicUsize,
    pub(super) state: Arc<ReadState>,
    statements: StatementCount,
    /// How many statements had been prepared before, by all.
    prepared: u64,
}

/// How often a statement that takes long is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

type Commit = BoxFuture<'static, QueryResult<()>>;

/// Where a connection is between two transactions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No transaction is open.
    Clean,
    /// A transaction begins with the next statement.
    Begins(Begin),
    /// A transaction is open.
    Open(Begin),
    /// A statement did not answer in time, or the transaction was left half-way.
    Broken,
}

/// Which transaction begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    Read,
    Write,
}

impl Begin {
    /// Whatever the server's defaults are.
    fn sql(self, limits: Option<&str>) -> Cow<'static, str> {
        let begin = match self {
            Self::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            Self::Write => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        limits.map_or(begin.into(), |limits| format!("{begin}; {limits}").into())
    }
}

/// How a transaction ends.
#[derive(Clone, Copy)]
pub(super) enum End {
    Commit,
    Rollback,
}

/// What ends a statement that PostgreSQL does not end itself.
#[derive(Clone)]
pub(super) struct Limits {
    /// The maximum time of a statement.
    pub(super) time: Duration,
    /// Outages of the database.
    pub(super) outage: Outage,
    /// Statements that set PostgreSQL's own limits in a transaction, if the connection does not have them.
    pub(super) local: Option<Arc<str>>,
}

impl PgConn {
    /// A connection whose statements may take so long. With `begin`, a transaction begins with the first.
    pub(super) fn new(
        conn: Pooled,
        begin: Option<Begin>,
        limits: Limits,
        state: &Arc<ReadState>,
        statements: &StatementCount,
    ) -> Self {
        Self(Arc::new(Link {
            conn: Some(Arc::new(conn)),
            stage: Mutex::new(begin.map_or(Stage::Clean, Stage::Begins)),
            commit: Mutex::default(),
            limits,
            answers: AtomicUsize::new(0),
            state: Arc::clone(state),
            statements: statements.clone(),
            prepared: statements.prepared(),
        }))
    }

    /// Another holder of the same connection, which may send statements at the same time.
    pub(super) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    /// What statements are run with; see [`Link::run`].
    pub(super) fn link(&self) -> Arc<Link> {
        Arc::clone(&self.0)
    }

    /// Ends the transaction, if a statement has begun it.
    pub(super) async fn end(&mut self, how: End) -> QueryResult<()> {
        match (self.0.stage(), how) {
            (Stage::Clean | Stage::Begins(_), _) => {
                self.0.enter(Stage::Clean);
                return Ok(());
            }
            // It is closed when it is dropped, and PostgreSQL rolls back.
            (Stage::Broken, End::Rollback) => return Ok(()),
            (Stage::Broken, End::Commit) => return Err(no_answer()),
            (Stage::Open(_), _) => {}
        }
        let sql = match how {
            End::Commit => "COMMIT",
            End::Rollback => "ROLLBACK",
        };
        let link = self.link();
        link.run(link.conn().batch_execute(sql)).await?;
        link.enter(Stage::Clean);
        Ok(())
    }

    /// Closes the connection, in whatever state it is.
    pub(super) fn close(self) {
        self.0.enter(Stage::Broken);
    }
}

impl Link {
    /// Runs a statement on this connection, from sending it to its last row.
    ///
    /// PostgreSQL stops a statement by itself (`statement_timeout`); the limit here is a little longer, for
    /// a server that does not answer at all. Statements are sent one behind the other, so as long as others
    /// end, one is only waiting for its turn.
    pub(super) async fn run<T>(
        &self,
        statement: impl Future<Output = QueryResult<T>>,
    ) -> QueryResult<T> {
        let is_last = self.state.next()?;
        // Unconstrained, so that the first poll sends it.
        let mut statement = pin!(unconstrained(statement));
        if is_last && let Poll::Ready(answer) = self.send_last(statement.as_mut()).await {
            return self.state.record(answer);
        }
        let answer = self.within_limit(statement).await;
        self.state.record(answer)
    }

    /// Waits for the answer of a statement. Statements are sent one after the other, so as long as others end,
    /// this one may be waiting for its turn.
    async fn within_limit<T>(
        &self,
        mut statement: Pin<&mut impl Future<Output = QueryResult<T>>>,
    ) -> QueryResult<T> {
        let (mut began, mut answers) = (Instant::now(), self.answers.load(Ordering::Relaxed));
        loop {
            if let Ok(answer) = timeout(LOOK_EVERY, statement.as_mut()).await {
                self.answers.fetch_add(1, Ordering::Relaxed);
                if matches!(&answer, Err(DieselError::DatabaseError(ReadOnlyTransaction, _))) {
                    self.enter(Stage::Broken);
                }
                return answer;
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

    /// Whether the connection was open during an outage.
    fn is_cut(&self) -> bool {
        let opened = self.conn.as_ref().map(|conn| Pooled::metrics(conn).created);
        opened.is_some_and(|opened| self.limits.outage.has_cut(opened))
    }

    /// Sends the last statement, and `COMMIT` with it.
    ///
    /// A statement that is yet to be prepared goes on its way only when that is done, and `COMMIT` would overtake
    /// it. Then there is none until the connection is given back. (Diesel does not tell of statements that it does not
    /// keep, such as `sql` literals: no snapshot may read with them.)
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

    /// `COMMIT`, which is sent at once. A transaction that only reads changes nothing, so it may be committed,
    /// which does not look like a fault in the server's statistics.
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
    fn conn(&self) -> &AsyncPgConnection {
        self.conn.as_ref().expect("only drop takes the connection")
    }

    fn stage(&self) -> Stage {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A broken connection stays so.
    fn enter(&self, stage: Stage) {
        let mut now = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if *now != Stage::Broken {
            *now = stage;
        }
    }

    /// What must be sent ahead of the next statement.
    fn begin(&self) -> Option<Begin> {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let Stage::Begins(begin) = *stage else { return None };
        *stage = Stage::Open(begin);
        Some(begin)
    }

    /// Sends `BEGIN`, if a transaction begins, and then the statement.
    fn begun<'c, T: Send + 'c>(
        &'c self,
        statement: BoxFuture<'c, QueryResult<T>>,
    ) -> BoxFuture<'c, QueryResult<T>> {
        if !matches!(self.stage(), Stage::Begins(_)) {
            return statement;
        }
        Box::pin(async move {
            // Several may have got here; the first that is polled begins.
            let Some(begin) = self.begin() else { return statement.await };
            if begin == Begin::Read {
                self.statements.skip_next();
            }
            let mut conn = self.conn();
            let sql = begin.sql(self.limits.local.as_deref());
            // Both are sent when they are polled, which `join` does in this order.
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
            // It holds the connection, which could not be closed.
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

/// Gives a connection back when its transaction has ended, while nobody waits for it.
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

/// Whoever lets go last drops it, and its pool does not get it back.
fn close(conn: Arc<Pooled>) {
    if let Some(conn) = Arc::into_inner(conn) {
        drop(Pooled::take(conn));
    }
}

fn no_answer() -> DieselError {
    let why = "no answer within the time limit".to_owned();
    DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(why))
}

impl SimpleAsyncConnection for PgConn {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        let mut conn = self.0.conn();
        self.0.begun(Box::pin(conn.batch_execute(sql))).await
    }
}

impl AsyncConnectionCore for PgConn {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    type Stream<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Stream<'conn, 'query>;
    type Row<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = diesel::pg::Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        self.0.begun(self.0.conn().load(source))
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        self.0.begun(self.0.conn().execute_returning_count(source))
    }
}
