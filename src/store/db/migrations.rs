//! The tables' versions, built into the program.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::BigInt;
use diesel::{Connection, RunQueryDsl, SqliteConnection};
use diesel_async::{AsyncMigrationHarness, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::postgres;
use crate::config::{PostgresUrl, StartError};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// An arbitrary number that every instance knows: "kanban" in ASCII.
const ADVISORY_LOCK: i64 = 0x6b61_6e62_616e;

/// What can go wrong here has many types, and all end in one line for the operator.
struct Failure(String);

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl From<Failure> for StartError {
    fn from(failure: Failure) -> Self {
        Self::new(format!("DATABASE_URL: {}", failure.0))
    }
}

/// Runs what is pending.
pub(super) async fn sqlite(path: String) -> Result<Vec<String>, StartError> {
    tokio::task::spawn_blocking(move || migrate_file(&path))
        .await
        .map_err(|error| StartError::new(error.to_string()))?
        .map_err(StartError::from)
}

/// A new file is its owner's alone: it will hold the hashes of passwords. SQLite gives its
/// companions (`-wal`, `-shm`) the same rights.
fn create_private(path: &str) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| Failure(format!("{path}: {error}")))
}

/// Foreign keys are off, because with them on the rebuilding of a table deletes its children; they
/// are checked before the commit instead.
fn migrate_file(path: &str) -> Result<Vec<String>, Failure> {
    create_private(path)?;
    let mut conn = SqliteConnection::establish(path)?;
    conn.batch_execute(
        "PRAGMA busy_timeout = 60000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF;",
    )?;
    conn.immediate_transaction(|conn| {
        let done = names(&conn.run_pending_migrations(SQLITE)?);
        if done.is_empty() {
            // It reads every row: 125 ms of 200,000 cards.
            return Ok(done);
        }
        let broken: i64 = diesel::select(sql::<BigInt>("count(*) FROM pragma_foreign_key_check"))
            .get_result(conn)?;
        if broken == 0 { Ok(done) } else { Err("a migration broke a foreign key".into()) }
    })
}

/// Under an advisory lock, so that of several instances one migrates and the others wait.
pub(super) async fn postgres(url: &PostgresUrl) -> Result<Vec<String>, StartError> {
    migrate_server(url).await.map_err(StartError::from)
}

async fn migrate_server(url: &PostgresUrl) -> Result<Vec<String>, Failure> {
    let mut conn = postgres::connect(url).await?;
    let lock = format!("SELECT pg_advisory_lock({ADVISORY_LOCK})");
    SimpleAsyncConnection::batch_execute(&mut conn, &lock).await?;
    // The lock goes with the connection, at the end of this function.
    let mut harness = AsyncMigrationHarness::new(conn);
    let done = names(&harness.run_pending_migrations(POSTGRES)?);
    Ok(done)
}

fn names(versions: &[diesel::migration::MigrationVersion<'_>]) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}
