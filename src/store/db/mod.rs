//! Connections, transactions and migrations of both databases.
//!
//! [`Db`] is one of two kinds, an SQLite file or a PostgreSQL server, chosen at run time. Each statement is written
//! once: [`Conn`] runs it on either database.

mod candidates;
mod conn;
mod connect_error;
mod copy;
mod error;
mod memory_size;
mod migrations;
mod monitor;
mod outage;
mod outage_log;
mod pg_conn;
mod pg_link;
mod pg_pool;
mod pooled;
mod pooler;
mod postgres;
mod read_state;
mod relay;
mod snapshot;
mod sql_text;
mod sqlite;
mod sqlite_conn;
mod sqlite_writer;
mod statement_count;
mod timing;
mod tls;
mod transaction;
mod tx;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::Pool;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

pub use self::conn::Conn;
pub(super) use self::conn::{Command, Query};
pub use self::copy::Draft;
pub(super) use self::error::{foreign_key, unique};
pub use self::memory_size::Budget;
pub(super) use self::memory_size::MemorySize;
use self::monitor::Monitor;
use self::outage::Outage;
use self::pg_conn::PgConn;
use self::pg_link::{Begin, Limits, Link};
use self::postgres::Server;
pub use self::read_state::ReadMode;
use self::read_state::ReadState;
use self::relay::Relay;
pub use self::snapshot::Snapshot;
use self::sqlite::{Access, FileHealth, FileId};
use self::sqlite_conn::SqliteConn;
use self::sqlite_writer::Writer;
use self::statement_count::StatementCount;
pub use self::transaction::Work;
pub use self::tx::Tx;
use crate::config::{Database, DatabaseUrl, StartError};
use crate::domain::{Clock, Error, Result, Timestamp};
use crate::events::Bus;
use crate::metrics::{self, Trouble};

/// The pools of connections. Cloning is cheap.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    statements: StatementCount,
    /// The time during which a query may start statements.
    query_time: Duration,
    /// The maximum time to wait for a connection or a lock.
    wait: Duration,
    clock: Clock,
    bus: Arc<Bus>,
}

#[derive(Clone)]
enum Pools {
    /// SQLite allows one writer at a time: one connection that writes, several that read.
    Sqlite { readers: Pool<sqlite::Manager>, writer: Arc<Writer>, file: File },
    Postgres {
        pool: Pool<pg_pool::Manager>,
        limits: Limits,
        monitor: Arc<Monitor>,
        relay: Arc<Relay>,
    },
}

#[derive(Clone)]
struct File {
    path: String,
    health: FileHealth,
    /// The file that the connections have open.
    id: Option<FileId>,
}

impl File {
    /// Whether the file can be used. An error is for the log.
    async fn check(&self) -> std::result::Result<(), String> {
        let Self { path, health, id } = self.clone();
        let check = spawn_blocking(move || sqlite::check(&path, &health, id));
        match timeout(CHECK_TIME, check).await {
            Ok(Ok(checked)) => checked,
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the file cannot be read in time".into()),
        }
    }
}

/// The maximum time to check an SQLite file.
const CHECK_TIME: Duration = Duration::from_millis(1500);

/// The pause between two looks at an outage.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// PostgreSQL enforces its `statement_timeout` itself; our own limit is longer by this much.
const GRACE: Duration = Duration::from_secs(2);

impl Db {
    /// Opens the database and runs the pending migrations, whose names are returned too. Several instances may do so
    /// at the same time.
    pub async fn open(
        config: &Database,
        clock: Clock,
    ) -> std::result::Result<(Self, Vec<String>), StartError> {
        let has_others = matches!(config.url, DatabaseUrl::Postgres(_));
        let statements = StatementCount::new(config.slow_statement);
        let bus = Arc::new(Bus::new(has_others));
        let (pools, migrations) = match &config.url {
            DatabaseUrl::Sqlite(path) => {
                let migrations = migrations::sqlite(path.clone()).await?;
                let pool = |access, size| sqlite::pool(path, config, &statements, access, size);
                let id = sqlite::file_id(path);
                let file = File { path: path.clone(), health: FileHealth::default(), id };
                let readers = pool(Access::Read, config.pool_size)?;
                // An open connection tells `kanban restore` that the database is in use.
                drop(
                    readers
                        .get()
                        .await
                        .map_err(|error| StartError::new(format!("DATABASE_URL: {error}")))?,
                );
                let writer = Writer::start(pool(Access::Write, 1)?, config.wait)?;
                (Pools::Sqlite { readers, writer, file }, migrations)
            }
            DatabaseUrl::Postgres(url) => {
                let (server, outage) =
                    (Server::new("DATABASE_URL", url, config)?, Outage::default());
                let migrations = migrations::postgres(&server).await?;
                let pool = pg_pool::pool(&server, &outage, &statements, config)?;
                let time = config.statement_timeout + GRACE;
                let local = server.local_limits().map(Into::into);
                let limits = Limits { time, outage: outage.clone(), local };
                let listen = config.listen_url.as_ref();
                let listen = listen.map(|url| Server::new("DATABASE_LISTEN_URL", url, config));
                let relay = Relay::new(server.clone(), listen.transpose()?, Arc::clone(&bus));
                let (monitor, relay) = (Arc::new(Monitor::new(&server, outage)), Arc::new(relay));
                (Pools::Postgres { pool, limits, monitor, relay }, migrations)
            }
        };
        let (query_time, wait) = (config.statement_timeout, config.wait);
        Ok((Self { pools, statements, query_time, wait, clock, bus }, migrations))
    }

    /// Fails unless there is a database of this program, which a command with a wrong URL would create.
    pub async fn require(config: &Database) -> std::result::Result<(), StartError> {
        match &config.url {
            DatabaseUrl::Sqlite(path) => {
                let exists = Path::new(path).exists();
                let missing = || Err("does not exist".to_owned());
                let checked = if exists { migrations::check_file(path) } else { missing() };
                let file = std::path::absolute(path).unwrap_or_else(|_| path.into());
                checked.map_err(|reason| StartError::new(format!("{}: {reason}", file.display())))
            }
            DatabaseUrl::Postgres(url) => {
                migrations::check_server(&Server::new("DATABASE_URL", url, config)?).await
            }
        }
    }

    /// Runs the pending migrations and returns their names.
    pub async fn migrate(config: &Database) -> std::result::Result<Vec<String>, StartError> {
        match &config.url {
            DatabaseUrl::Sqlite(path) => migrations::sqlite(path.clone()).await,
            DatabaseUrl::Postgres(url) => {
                migrations::postgres(&Server::new("DATABASE_URL", url, config)?).await
            }
        }
    }

    /// A connection for one reading statement.
    pub async fn read(&self) -> Result<Conn> {
        self.reader(ReadMode::Expect(1), &Arc::default()).await
    }

    /// The connection of a snapshot.
    async fn reader(&self, mode: ReadMode, state: &Arc<ReadState>) -> Result<Conn> {
        let (statements, begins) = (&self.statements, mode.needs_transaction());
        match &self.pools {
            Pools::Sqlite { readers, file, .. } => {
                let conn = self.pooled(readers, metrics::Pool::Read).await?;
                let health = &file.health;
                Ok(Conn::Sqlite(SqliteConn::reader(conn, begins, state, statements, health)))
            }
            Pools::Postgres { pool, limits, .. } => {
                let conn = self.pooled(pool, metrics::Pool::All).await?;
                let begin = begins.then_some(Begin::Read);
                let link = Link::new(conn, begin, limits.clone(), state, statements);
                Ok(Conn::Postgres(PgConn::new(link)))
            }
        }
    }

    /// A connection for a transaction that writes.
    async fn writer(&self) -> Result<Conn> {
        match &self.pools {
            Pools::Sqlite { writer, file, .. } => {
                if sqlite::file_id(&file.path) != file.id {
                    let reason = "the database file was moved or replaced";
                    outage_log::note(Trouble::Unavailable, &reason);
                    return Err(Error::Unavailable);
                }
                let conn = writer.pool.get().await.map_err(|error| {
                    outage_log::note(Trouble::NoConnection, &error);
                    Error::Unavailable
                })?;
                Ok(Conn::Sqlite(SqliteConn::writer(conn, &file.health)))
            }
            Pools::Postgres { pool, limits, .. } => {
                let conn = self.pooled(pool, metrics::Pool::All).await?;
                let begin = Some(Begin::Write);
                let (state, statements) = (Arc::default(), &self.statements);
                let link = Link::new(conn, begin, limits.clone(), &state, statements);
                Ok(Conn::Postgres(PgConn::new(link)))
            }
        }
    }

    /// Watches the database, for as long as the program runs: after an outage, all connections are replaced. Exchanges
    /// changes with other instances.
    pub async fn watch(&self) {
        match &self.pools {
            Pools::Postgres { monitor, relay, .. } => {
                tokio::join!(monitor.run(), relay.run(), self.tell_of_outages());
            }
            Pools::Sqlite { .. } => self.tell_of_outages().await,
        }
    }

    async fn tell_of_outages(&self) {
        loop {
            sleep(LOOK_EVERY).await;
            outage_log::look(match &self.pools {
                Pools::Postgres { monitor, .. } => monitor.is_ready(),
                Pools::Sqlite { file, .. } => {
                    !outage_log::is_present() || file.check().await.is_ok()
                }
            });
        }
    }

    /// Whether the database reads and would write. Returns within two seconds, and takes no connection of the pool.
    pub async fn check(&self) -> Result<()> {
        match &self.pools {
            Pools::Postgres { monitor, .. } => monitor.ready().await,
            Pools::Sqlite { file, .. } => file.check().await.map_err(|failure| {
                outage_log::note(Trouble::Unavailable, &failure);
                Error::Unavailable
            }),
        }
    }

    /// The bus that notifies subscribers of commits.
    pub fn bus(&self) -> &Arc<Bus> {
        &self.bus
    }

    /// The clock of the program.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The number of statements since the start, without those that begin and end a [`Snapshot`].
    pub fn statement_count(&self) -> u64 {
        self.statements.sent()
    }

    /// The texts of all statements that connections have prepared since the start.
    pub fn statement_texts(&self) -> Vec<String> {
        self.statements.texts()
    }

    /// Waits for the transaction that writes, and closes the pools. Statements that are running are completed.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { readers, writer, .. } => {
                writer.end().await;
                readers.close();
                writer.pool.close();
            }
            Pools::Postgres { pool, .. } => pool.close(),
        }
    }
}
