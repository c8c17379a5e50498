//! The database. Diesel is named in this room only.
//!
//! [`Db`] is one of two kinds, an SQLite file or a PostgreSQL server, chosen at run time. Each
//! query is written once and expanded for both by `run!`. Functions take a connection, so that
//! they compose within a transaction; those that touch a board take a value of [`access`] in place
//! of a board's key, so that a call which nobody checked does not compile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::{Object, Pool, PoolError};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;

use crate::config::{Database, DatabaseUrl, StartError};
use crate::domain::{Error, Result};

/// Expands one query for both databases.
macro_rules! run {
    ($conn:expr, |$c:ident| $query:expr) => {{
        let conn: &mut $crate::store::Conn = $conn;
        match conn {
            $crate::store::Conn::Sqlite($c) => $query,
            $crate::store::Conn::Postgres($c) => $query,
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
mod migrations;
pub mod order;
mod page;
mod pg_conn;
mod postgres;
mod schema;
pub mod sessions;
mod sql;
mod sqlite;
mod transaction;
pub mod trash;
mod types;
pub mod users;

pub use pg_conn::PgConn;
pub use transaction::{Tx, Work};

type SqliteConn = SyncConnectionWrapper<diesel::SqliteConnection>;

/// The pools of connections. Cloning is cheap.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    statements: StatementCount,
}

#[derive(Clone)]
enum Pools {
    /// SQLite lets one write at a time: one connection that writes, several that read.
    Sqlite {
        readers: Pool<SqliteConn>,
        writer: Pool<SqliteConn>,
    },
    Postgres(Pool<AsyncPgConnection>),
}

/// A connection borrowed from its pool.
#[allow(clippy::large_enum_variant, reason = "a box for each would be one allocation a statement")]
pub enum Conn {
    /// To an SQLite file.
    Sqlite(Object<SqliteConn>),
    /// To a PostgreSQL server.
    Postgres(PgConn),
}

impl Db {
    /// Makes the pools. Connections are opened when they are first needed.
    pub fn new(config: &Database) -> std::result::Result<Self, StartError> {
        let statements = StatementCount::default();
        let pools = match &config.url {
            DatabaseUrl::Sqlite(path) => sqlite::pools(path, config, &statements)?,
            DatabaseUrl::Postgres(url) => {
                Pools::Postgres(postgres::pool(url, config, &statements)?)
            }
        };
        Ok(Self { pools, statements })
    }

    /// Brings the tables to the state that this program needs; answers the names of the
    /// migrations that were run. Safe when several instances start at once.
    pub async fn migrate(config: &Database) -> std::result::Result<Vec<String>, StartError> {
        match &config.url {
            DatabaseUrl::Sqlite(path) => migrations::sqlite(path.clone()).await,
            DatabaseUrl::Postgres(url) => migrations::postgres(url).await,
        }
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<Conn> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => readers.get().await.map(Conn::Sqlite),
            Pools::Postgres(pool) => pool.get().await.map(PgConn::new).map(Conn::Postgres),
        }
        .map_err(|error| no_connection(&error))
    }

    /// A connection for writing; [`Db::write`] wraps it in a transaction.
    async fn writer(&self) -> Result<Conn> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => writer.get().await.map(Conn::Sqlite),
            Pools::Postgres(pool) => pool.get().await.map(PgConn::new).map(Conn::Postgres),
        }
        .map_err(|error| no_connection(&error))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        use diesel_async::RunQueryDsl;
        let mut conn = self.read().await?;
        run!(&mut conn, |c| diesel::sql_query("SELECT 1").execute(c).await)?;
        Ok(())
    }

    /// How many statements have been sent to the database since the start.
    pub fn statement_count(&self) -> u64 {
        self.statements.0.load(Ordering::Relaxed)
    }

    /// Closes the pools; what is under way ends in peace.
    pub fn close(&self) {
        match &self.pools {
            Pools::Sqlite { readers, writer } => {
                readers.close();
                writer.close();
            }
            Pools::Postgres(pool) => pool.close(),
        }
    }
}

fn no_connection(error: &PoolError) -> Error {
    tracing::error!(%error, "no database connection to be had");
    Error::Unavailable
}

/// Counts the statements of all connections of a [`Db`].
#[derive(Clone, Default)]
struct StatementCount(Arc<AtomicU64>);

impl Instrumentation for StatementCount {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        // The text is not looked at: making it would format every bound value.
        if let InstrumentationEvent::StartQuery { .. } = event {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}
