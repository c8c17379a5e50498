//! Connections, transactions and migrations of both databases.
//!
//! [`Db`] is one of two kinds, an SQLite file or a PostgreSQL server, chosen at run time. Each statement is written
//! once: [`Conn`] runs it on either database.

mod conn;
mod error;
mod memory_size;
mod migrations;
mod pg_conn;
mod postgres;
mod read_state;
mod snapshot;
mod sqlite;
mod sqlite_conn;
mod statement_count;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{Manager, Pool, PoolError};
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::Pool as PgPool;

pub use self::conn::Conn;
pub(super) use self::conn::{Command, Query};
pub(super) use self::error::{foreign_key, unique};
pub use self::memory_size::Budget;
pub(super) use self::memory_size::MemorySize;
use self::pg_conn::{Begin, PgConn};
pub use self::read_state::Mode;
use self::read_state::ReadState;
pub use self::snapshot::Snapshot;
use self::sqlite::Access;
use self::sqlite_conn::SqliteConn;
use self::statement_count::StatementCount;
pub use self::transaction::{Tx, Work};
use crate::config::{Database, DatabaseUrl, StartError};
use crate::domain::{Clock, Error, Result, Timestamp};

/// The pools of connections. Cloning is cheap.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    statements: StatementCount,
    query_time: Duration,
    clock: Clock,
}

#[derive(Clone)]
enum Pools {
    /// SQLite allows one writer at a time: one connection that writes, several that read.
    Sqlite { readers: Pool<sqlite::Manager>, writer: Pool<sqlite::Manager> },
    Postgres {
        pool: PgPool<AsyncPgConnection>,
        /// The time limit of a statement.
        limit: Duration,
    },
}

/// PostgreSQL enforces its `statement_timeout` itself; our own limit is longer by this much.
const GRACE: Duration = Duration::from_secs(2);

impl Db {
    /// Makes the pools. Connections are opened when they are first needed.
    pub fn new(config: &Database, clock: Clock) -> std::result::Result<Self, StartError> {
        let statements = StatementCount::default();
        let pools = match &config.url {
            DatabaseUrl::Sqlite(path) => {
                let pool = |access, size| sqlite::pool(path, config, &statements, access, size);
                Pools::Sqlite {
                    readers: pool(Access::Read, config.pool_size)?,
                    writer: pool(Access::Write, 1)?,
                }
            }
            DatabaseUrl::Postgres(url) => Pools::Postgres {
                pool: postgres::pool(url, config, &statements)?,
                limit: config.statement_timeout + GRACE,
            },
        };
        Ok(Self { pools, statements, query_time: config.statement_timeout, clock })
    }

    /// Runs the pending migrations and returns their names. Several instances may do so at the same time.
    pub async fn migrate(config: &Database) -> std::result::Result<Vec<String>, StartError> {
        match &config.url {
            DatabaseUrl::Sqlite(path) => migrations::sqlite(path.clone()).await,
            DatabaseUrl::Postgres(url) => migrations::postgres(url).await,
        }
    }

    /// A connection for one reading statement.
    pub async fn read(&self) -> Result<Conn> {
        self.reader(Mode::Expect(1), &Arc::default()).await
    }

    /// The connection of a snapshot.
    async fn reader(&self, mode: Mode, state: &Arc<ReadState>) -> Result<Conn> {
        let (statements, begins) = (&self.statements, mode.needs_transaction());
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                let conn = pooled(readers).await?;
                Ok(Conn::Sqlite(SqliteConn::reader(conn, begins, state, statements)))
            }
            Pools::Postgres { pool, limit } => {
                let (conn, begin) = (pooled(pool).await?, begins.then_some(Begin::Read));
                Ok(Conn::Postgres(PgConn::new(conn, begin, *limit, state, statements)))
            }
        }
    }

    /// A connection for a transaction that writes.
    async fn writer(&self) -> Result<Conn> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                Ok(Conn::Sqlite(SqliteConn::writer(pooled(writer).await?)))
            }
            Pools::Postgres { pool, limit } => {
                let (conn, begin) = (pooled(pool).await?, Some(Begin::Write));
                let (state, statements) = (Arc::default(), &self.statements);
                Ok(Conn::Postgres(PgConn::new(conn, begin, *limit, &state, statements)))
            }
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.read().await?.execute(diesel::sql_query("SELECT 1")).await?;
        Ok(())
    }

    /// The clock of the program.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// For how long a query may begin statements.
    fn query_time(&self) -> Duration {
        self.query_time
    }

    /// The number of statements since the start, without those that begin and end a [`Snapshot`].
    pub fn statement_count(&self) -> u64 {
        self.statements.sent()
    }

    /// Closes the pools. Statements that are running are completed.
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

async fn pooled<M>(pool: &Pool<M>) -> Result<deadpool::managed::Object<M>>
where
    M: Manager<Error: std::fmt::Display>,
{
    pool.get().await.map_err(|error: PoolError<M::Error>| {
        tracing::error!(%error, "no database connection is available");
        Error::Unavailable
    })
}
