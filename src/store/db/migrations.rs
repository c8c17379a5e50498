//! The versions of the schema, built into the program.

use std::time::{Duration, Instant};

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_async::{
    AnsiTransactionManager, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection,
    TransactionManager,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tokio::time::{sleep, timeout};

use super::postgres::Server;
use super::{pooler, sqlite};
use crate::config::StartError;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// An arbitrary number that all instances use: "kanban" in ASCII.
const ADVISORY_LOCK: i64 = 0x6b61_6e62_616e;

/// The maximum time to wait until another instance has migrated.
const LOCK_TIME: Duration = Duration::from_mins(1);

/// How long a migration waits for the lock of a table, while the statements of other instances wait behind it. Then it is
/// rolled back and tried again.
const TABLE_LOCK_TIME: Duration = Duration::from_secs(2);

/// How often a migration is tried again.
const LOCK_TRIES: usize = 15;

/// The pause before a migration is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// The maximum time to read which migrations have run.
const READ_TIME: Duration = Duration::from_secs(10);

/// An error of any type: each ends in one line for the operator.
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

diesel::table! {
    /// Written by Diesel.
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

diesel::table! {
    /// For each migration the oldest program that works with the schema after it.
    schema_compatibility (migration) {
        migration -> Text,
        oldest_program -> Text,
    }
}

/// What is known of a database before it is migrated.
struct State {
    done: Vec<String>,
    /// Each migration with the oldest program that works with it.
    oldest: Vec<(String, String)>,
}

impl State {
    /// The names of the migrations that have not run. An error names a migration that this program does not work
    /// with.
    fn pending<DB: Backend>(&self, source: &EmbeddedMigrations) -> Result<Vec<String>, Failure>
    where
        EmbeddedMigrations: MigrationSource<DB>,
    {
        let known: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(|e| e.to_string())?;
        let versions: Vec<String> =
            known.iter().map(|migration| migration.name().version().to_string()).collect();
        for unknown in self.done.iter().filter(|done| !versions.contains(done)) {
            self.check(unknown)?;
        }
        Ok(versions.into_iter().filter(|version| !self.done.contains(version)).collect())
    }

    /// Fails if no migration of this program has run, or one that it does not work with.
    fn check_known<DB: Backend>(&self, source: &EmbeddedMigrations) -> Result<(), Failure>
    where
        EmbeddedMigrations: MigrationSource<DB>,
    {
        let known: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(|e| e.to_string())?;
        if self.pending::<DB>(source)?.len() == known.len() {
            return Err("is not a kanban database".into());
        }
        Ok(())
    }

    fn check(&self, migration: &str) -> Result<(), Failure> {
        let program = env!("CARGO_PKG_VERSION");
        let oldest = self.oldest.iter().find(|(name, _)| name == migration);
        match oldest.map(|(_, oldest)| oldest) {
            Some(oldest) if numbers(oldest) <= numbers(program) => Ok(()),
            Some(oldest) => Err(Failure(format!(
                "the database is newer than this program: migration {migration} requires version {oldest} or later, this is {program}"
            ))),
            None => Err(Failure(format!(
                "the database is newer than this program ({program}), which does not know migration {migration}"
            ))),
        }
    }
}

/// The numbers of a version such as 1.2.3.
fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or_default()).collect()
}

/// Runs the pending migrations of an SQLite file; returns their names.
pub(super) async fn sqlite(path: String) -> Result<Vec<String>, StartError> {
    tokio::task::spawn_blocking(move || migrate_file(&path))
        .await
        .map_err(|error| StartError::new(error.to_string()))?
        .map_err(StartError::from)
}

/// Foreign keys are off, because otherwise the rebuild of a table would delete the rows that refer to it. They are
/// checked before the commit instead.
fn migrate_file(path: &str) -> Result<Vec<String>, Failure> {
    sqlite::create_private(path).map_err(|error| format!("{path}: {error}"))?;
    let mut conn = sqlite::connect(path)?;
    conn.batch_execute(
        "PRAGMA busy_timeout = 60000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF;",
    )?;
    if file_state(&mut conn)?.pending::<Sqlite>(&SQLITE)?.is_empty() {
        return Ok(Vec::new());
    }
    conn.immediate_transaction(|conn| {
        // Another program may have migrated while this one waited.
        file_state(conn)?.pending::<Sqlite>(&SQLITE)?;
        let done = names(&conn.run_pending_migrations(SQLITE)?);
        let broken: i64 = diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>(
            "count(*) FROM pragma_foreign_key_check",
        ))
        .get_result(conn)?;
        if broken == 0 { Ok(done) } else { Err("a migration broke a foreign key".into()) }
    })
}

/// Fails if an SQLite file has no database of this program, or one that is newer than the program.
pub(super) fn check_file(path: &str) -> Result<(), String> {
    let check = || {
        let mut conn = sqlite::connect(path)?;
        conn.batch_execute("PRAGMA busy_timeout = 10000")?;
        file_state(&mut conn)?.check_known::<Sqlite>(&SQLITE)
    };
    check().map_err(|Failure(reason)| reason)
}

/// The same for a PostgreSQL database.
pub(super) async fn check_server(server: &Server) -> Result<(), StartError> {
    let check = async {
        let mut conn = server.connect().await?;
        let state = timeout(READ_TIME, server_state(&mut conn)).await;
        state.map_err(|_| "the server does not respond")??.check_known::<Pg>(&POSTGRES)
    };
    check.await.map_err(StartError::from)
}

fn file_state(conn: &mut SqliteConnection) -> Result<State, Failure> {
    let mut state = State { done: Vec::new(), oldest: Vec::new() };
    if is_in_file(conn, "__diesel_schema_migrations")? {
        let versions =
            __diesel_schema_migrations::table.select(__diesel_schema_migrations::version);
        state.done = versions.load(conn)?;
    }
    if is_in_file(conn, "schema_compatibility")? {
        state.oldest = schema_compatibility::table.load(conn)?;
    }
    Ok(state)
}

fn is_in_file(conn: &mut SqliteConnection, table: &str) -> QueryResult<bool> {
    let found = diesel::dsl::sql::<diesel::sql_types::Bool>(
        "EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ",
    )
    .bind::<Text, _>(table)
    .sql(")");
    diesel::select(found).get_result(conn)
}

/// Runs the pending migrations of a PostgreSQL database; returns their names.
pub(super) async fn postgres(server: &Server) -> Result<Vec<String>, StartError> {
    migrate_server(server).await.map_err(StartError::from)
}

async fn migrate_server(server: &Server) -> Result<Vec<String>, Failure> {
    tracing::info!("connecting to PostgreSQL");
    let mut conn = server.connect().await?;
    check_pooler(server, &mut conn).await?;
    let state = timeout(READ_TIME, server_state(&mut conn)).await;
    let state = state.map_err(|_| "the server does not respond")??;
    if state.pending::<Pg>(&POSTGRES)?.is_empty() {
        return Ok(Vec::new());
    }
    let mut tries = LOCK_TRIES;
    loop {
        tracing::info!("waiting for the migration lock");
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
        AnsiTransactionManager::begin_transaction_sql(&mut conn, begin).await?;
        lock(&mut conn).await?;
        let started = Instant::now();
        // Another program may have migrated while this one waited.
        let pending = server_state(&mut conn).await?.pending::<Pg>(&POSTGRES)?;
        if pending.is_empty() {
            AnsiTransactionManager::rollback_transaction(&mut conn).await?;
            return Ok(Vec::new());
        }
        if !may_migrate(&mut conn).await? {
            return Err(Failure(format!(
                "migrations are pending ({}), but the role may not create and alter the tables: run `kanban migrate` with the role that owns them",
                pending.join(", ")
            )));
        }
        let mut harness = AsyncMigrationHarness::new(conn);
        let done = harness.run_pending_migrations(POSTGRES).map(|done| names(&done));
        conn = harness.into_inner();
        match done {
            Ok(done) => {
                AnsiTransactionManager::commit_transaction(&mut conn).await?;
                return Ok(done);
            }
            // Diesel hides the SQLSTATE, and the message may be in any language. Other errors do not take so long.
            Err(error) if tries > 0 && started.elapsed() >= TABLE_LOCK_TIME => {
                tracing::warn!(%error, "a migration failed and is tried again");
                tries -= 1;
                let rolled_back = AnsiTransactionManager::rollback_transaction(&mut conn).await;
                rolled_back.map_err(|_| error)?;
                sleep(RETRY_PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// If the pooler is too busy for the check, the server starts without it.
async fn check_pooler(server: &Server, conn: &mut AsyncPgConnection) -> Result<(), Failure> {
    if let Ok(checked) = timeout(READ_TIME, pooler::check(server, conn)).await {
        return Ok(checked?);
    }
    tracing::warn!("the connection pooler is too busy to be checked");
    Ok(())
}

/// Of several instances one migrates and the others wait. The lock belongs to the transaction, so that it also works
/// through a pooler.
async fn lock(conn: &mut AsyncPgConnection) -> Result<(), Failure> {
    let lock = format!(
        "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = {}; \
         SELECT pg_advisory_xact_lock({ADVISORY_LOCK})",
        LOCK_TIME.as_millis(),
    );
    let locked = timeout(LOCK_TIME * 2, conn.batch_execute(&lock)).await;
    let locked = locked.map_err(|_| "the server does not respond")?;
    let busy = format!("the migration lock is not available within {} s", LOCK_TIME.as_secs());
    locked.map_err(|error| Failure(format!("{busy}: {error}")))?;
    let limit = format!("SET LOCAL lock_timeout = {}", TABLE_LOCK_TIME.as_millis());
    Ok(conn.batch_execute(&limit).await?)
}

async fn server_state(conn: &mut AsyncPgConnection) -> Result<State, Failure> {
    use diesel_async::RunQueryDsl;
    // Reads only, so that a role that does not own the schema can start the server.
    let mut state = State { done: Vec::new(), oldest: Vec::new() };
    if exists(conn, "__diesel_schema_migrations").await? {
        let versions =
            __diesel_schema_migrations::table.select(__diesel_schema_migrations::version);
        state.done = RunQueryDsl::load(versions, conn).await?;
    }
    if exists(conn, "schema_compatibility").await? {
        state.oldest = RunQueryDsl::load(schema_compatibility::table, conn).await?;
    }
    Ok(state)
}

/// Whether the role may create tables, and owns those that exist. (PostgreSQL's own error would name only one table.)
async fn may_migrate(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    use diesel_async::RunQueryDsl;
    // If `search_path` names no schema that exists, PostgreSQL's own error says so.
    let may = diesel::dsl::sql::<diesel::sql_types::Bool>(
        "coalesce(has_schema_privilege(current_schema(), 'CREATE'), true) AND NOT EXISTS (
            SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'boards'
                AND NOT pg_has_role(tableowner, 'USAGE'))",
    );
    RunQueryDsl::get_result(diesel::select(may), conn).await
}

async fn exists(conn: &mut AsyncPgConnection, table: &str) -> QueryResult<bool> {
    use diesel_async::RunQueryDsl;
    let found = diesel::dsl::sql::<diesel::sql_types::Bool>("to_regclass(")
        .bind::<Text, _>(table)
        .sql(") IS NOT NULL");
    RunQueryDsl::get_result(diesel::select(found), conn).await
}

fn names(versions: &[diesel::migration::MigrationVersion<'_>]) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(numbers("0.9.0") < numbers("0.10.0"));
        assert!(numbers("1.2") < numbers("1.2.1"));
        assert_eq!(numbers("1.2.3"), [1, 2, 3]);
    }
}
