//! The database. Diesel is named in this room only.
//!
//! [`Db`] is one of two kinds, an SQLite file or a PostgreSQL server, chosen at run time. Each
//! query is written once and expanded for both by `run!`. Functions take a connection, so that
//! they compose within a transaction; those that touch a board take a value of [`access`] in place
//! of a board's key, so that a call which nobody checked does not compile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::{Pool, PoolError};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;

use self::pg_conn::Begin;
use self::snapshot::ReadState;
use crate::config::{Database, DatabaseUrl, StartError};
use crate::domain::{Error, Result};

/// Expands one query for both databases.
macro_rules! run {
    ($conn:expr, |$c:ident| $query:expr) => {{
        let conn: &mut $crate::store::Conn = $conn;
        match conn {
            $crate::store::Conn::Sqlite(conn) => match conn.turn().await {
                Ok(mut link) => {
                    let $c = link.conn();
                    let answer = $query;
                    link.noted(answer)
                }
                Err(error) => Err(error),
            },
            $crate::store::Conn::Postgres($c) => {
                let link = $c.link();
                link.run(async { $query }).await
            }
        }
    }};
}

pub mod access;
pub mod boards;
mod bulk;
pub mod card_lists;
pub mod cards;
pub mod comments;
mod error;
pub mod events;
pub mod labels;
mod lists;
pub mod locks;
pub mod members;
mod memory_size;
mod migrations;
pub mod order;
mod page;
mod pg_conn;
mod postgres;
mod schema;
pub mod sessions;
mod snapshot;
mod sql;
mod sqlite;
mod sqlite_conn;
mod transaction;
pub mod trash;
mod types;
pub mod users;

pub use pg_conn::PgConn;
pub use snapshot::{Budget, Mode, Snapshot};
pub use sql::LongTexts;
pub use sqlite_conn::SqliteConn;
pub use transaction::{Tx, Work};

type RawSqliteConn = SyncConnectionWrapper<diesel::SqliteConnection>;

/// The pools of connections. Cloning is cheap.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    statements: StatementCount,
    /// For how long a query may begin to read more.
    query_time: Duration,
}

#[derive(Clone)]
enum Pools {
    /// SQLite lets one write at a time: one connection that writes, several that read.
    Sqlite { readers: Pool<RawSqliteConn>, writer: Pool<RawSqliteConn> },
    Postgres {
        pool: Pool<AsyncPgConnection>,
        /// How long a statement may take.
        limit: Duration,
    },
}

/// A connection borrowed from its pool.
pub enum Conn {
    /// To an SQLite file.
    Sqlite(SqliteConn),
    /// To a PostgreSQL server.
    Postgres(PgConn),
}

/// By how much a statement may outlast PostgreSQL's own limit, which normally stops it first.
const GRACE: Duration = Duration::from_secs(2);

impl Db {
    /// Makes the pools. Connections are opened when they are first needed.
    pub fn new(config: &Database) -> std::result::Result<Self, StartError> {
        let statements = StatementCount::default();
        let pools = match &config.url {
            DatabaseUrl::Sqlite(path) => sqlite::pools(path, config, &statements)?,
            DatabaseUrl::Postgres(url) => {
                let pool = postgres::pool(url, config, &statements)?;
                Pools::Postgres { pool, limit: config.statement_timeout + GRACE }
            }
        };
        Ok(Self { pools, statements, query_time: config.statement_timeout })
    }

    /// Brings the tables to the state that this program needs; answers the names of the
    /// migrations that were run. Safe when several instances start at once.
    pub async fn migrate(config: &Database) -> std::result::Result<Vec<String>, StartError> {
        match &config.url {
            DatabaseUrl::Sqlite(path) => migrations::sqlite(path.clone()).await,
            DatabaseUrl::Postgres(url) => migrations::postgres(url).await,
        }
    }

    /// A connection for reading, each statement by itself.
    pub async fn read(&self) -> Result<Conn> {
        self.reader(Mode::Expect(1), &Arc::default()).await
    }

    /// The connection of a snapshot.
    async fn reader(&self, mode: Mode, reads: &Arc<ReadState>) -> Result<Conn> {
        let statements = &self.statements;
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                let conn = readers.get().await.map_err(|error| no_connection(&error))?;
                Ok(Conn::Sqlite(SqliteConn::new(conn, mode.begins(), reads, statements)))
            }
            Pools::Postgres { pool, limit } => {
                let conn = pool.get().await.map_err(|error| no_connection(&error))?;
                let begin = mode.begins().then_some(Begin::Read);
                Ok(Conn::Postgres(PgConn::new(conn, begin, *limit, reads, statements)))
            }
        }
    }

    /// A connection for writing; [`Db::write`] wraps it in a transaction.
    async fn writer(&self) -> Result<Conn> {
        let (reads, statements) = (Arc::default(), &self.statements);
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let conn = writer.get().await.map_err(|error| no_connection(&error))?;
                Ok(Conn::Sqlite(SqliteConn::new(conn, false, &reads, statements)))
            }
            Pools::Postgres { pool, limit } => {
                let conn = pool.get().await.map_err(|error| no_connection(&error))?;
                let begin = Some(Begin::Write);
                Ok(Conn::Postgres(PgConn::new(conn, begin, *limit, &reads, statements)))
            }
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        use diesel_async::RunQueryDsl;
        let mut conn = self.read().await?;
        run!(&mut conn, |c| diesel::sql_query("SELECT 1").execute(c).await)?;
        Ok(())
    }

    /// How many statements have been sent to the database since the start, without what begins and ends
    /// a [`Snapshot`].
    pub fn statement_count(&self) -> u64 {
        self.statements.sent.load(Ordering::Relaxed)
    }

    /// Closes the pools; what is under way ends in peace.
    pub fn close(&self) {
        match &self.pools {
            Pools::Sqlite { readers, writer } => {
                readers.close();
                writer.close();
            }
            Pools::Postgres { pool, .. } => pool.close(),
        }
    }
}

impl Conn {
    /// Another holder of the same connection.
    fn share(&self) -> Self {
        match self {
            Self::Sqlite(conn) => Self::Sqlite(conn.share()),
            Self::Postgres(conn) => Self::Postgres(conn.share()),
        }
    }
}

fn no_connection(error: &PoolError) -> Error {
    tracing::error!(%error, "no database connection to be had");
    Error::Unavailable
}

/// Counts the statements of all connections of a [`Db`].
#[derive(Clone, Default)]
struct StatementCount {
    sent: Arc<AtomicU64>,
    /// How many were first to be prepared.
    prepared: Arc<AtomicU64>,
}

impl StatementCount {
    /// The next statement does not count.
    fn leave_out_next(&self) {
        self.sent.fetch_sub(1, Ordering::Relaxed);
    }

    fn prepared(&self) -> u64 {
        self.prepared.load(Ordering::Relaxed)
    }
}

impl Instrumentation for StatementCount {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        let count = match event {
            // The text is not looked at: making it would format every bound value.
            InstrumentationEvent::StartQuery { .. } => &self.sent,
            InstrumentationEvent::CacheQuery { .. } => &self.prepared,
            _ => return,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
