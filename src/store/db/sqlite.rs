//! Connections to an SQLite file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool::managed::{self, Metrics, Object, Pool, RecycleResult};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::{ConnectionError, ConnectionResult, SqliteConnection};

use super::connect_error::ConnectError;
use super::error::is_damage;
use super::statement_count::StatementCount;
use crate::config::{Database, StartError};
use crate::store::schema::boards;

/// A connection from one of the pools.
pub(super) type Pooled = Object<Manager>;

/// Opens connections to one file.
pub(in crate::store) struct Manager {
    path: String,
    wait: Duration,
    access: Access,
    statements: StatementCount,
}

/// What a connection may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// A pool of `size` connections.
pub(super) fn pool(
    path: &str,
    config: &Database,
    statements: &StatementCount,
    access: Access,
    size: usize,
) -> Result<Pool<Manager>, StartError> {
    let (path, wait, statements) = (path.to_owned(), config.wait, statements.clone());
    Pool::builder(Manager { path, wait, access, statements })
        .max_size(size)
        .wait_timeout(Some(wait))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .map_err(|error| StartError::new(error.to_string()))
}

impl managed::Manager for Manager {
    type Type = SqliteConnection;
    type Error = ConnectError;

    async fn create(&self) -> Result<SqliteConnection, ConnectError> {
        let (path, wait, access) = (self.path.clone(), self.wait, self.access);
        let opening = tokio::task::spawn_blocking(move || open(&path, wait, access));
        let opened = opening.await.map_err(|error| ConnectError::new(error.to_string()))?;
        let mut conn = opened?;
        conn.set_instrumentation(self.statements.clone());
        Ok(conn)
    }

    /// A connection to a file does not break, so it is not checked.
    async fn recycle(
        &self,
        _conn: &mut SqliteConnection,
        _metrics: &Metrics,
    ) -> RecycleResult<ConnectError> {
        Ok(())
    }
}

/// Opens the file with the settings of all connections.
///
/// `synchronous = FULL`: a write that was acknowledged survives a loss of power.
fn open(path: &str, wait: Duration, access: Access) -> ConnectionResult<SqliteConnection> {
    let mut conn = connect(path)?;
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {};
         PRAGMA journal_mode = WAL;
         PRAGMA journal_size_limit = {WAL_BYTES};
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA query_only = {};",
        wait.as_millis(),
        access == Access::Read,
    ))
    .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// The write-ahead log is cut to this size after a checkpoint.
const WAL_BYTES: u64 = 16 << 20;

/// Opens a file that exists. A running server must not create an empty one in place of a file that was moved.
pub(super) fn connect(path: &str) -> ConnectionResult<SqliteConnection> {
    SqliteConnection::establish(&uri(path))
}

/// The path as a URI, the only way to pass a mode.
fn uri(path: &str) -> String {
    let encoded: String = path
        .chars()
        .map(|c| match c {
            '%' => "%25".to_owned(),
            '#' => "%23".to_owned(),
            '?' => "%3f".to_owned(),
            '\\' if cfg!(windows) => "/".to_owned(),
            other => other.to_string(),
        })
        .collect();
    // An absolute path, also one with a drive letter, follows an empty authority.
    let root = if encoded.starts_with('/') {
        "//"
    } else if encoded.contains(":/") {
        "///"
    } else {
        ""
    };
    format!("file:{root}{encoded}?mode=rw")
}

/// Creates the file if it does not exist, readable by its owner only, because it will contain password hashes. SQLite
/// gives the files beside it (`-wal`, `-shm`) the same permissions.
pub(super) fn create_private(path: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// The health of an SQLite file.
#[derive(Clone, Default)]
pub(super) struct FileHealth(Arc<AtomicBool>);

impl FileHealth {
    /// Notes whether the result of a statement says that the file is damaged.
    pub(super) fn note<T>(&self, result: &QueryResult<T>) {
        if let Err(diesel::result::Error::DatabaseError(_, info)) = result
            && is_damage(info.message())
        {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn is_damaged(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whether the file is there, undamaged and writable, and has tables. Opens a connection of its own, which would fail if
/// the file was moved away. A full disk is not noticed: nothing is written.
pub(super) fn check(path: &str, health: &FileHealth, opened: Option<FileId>) -> Result<(), String> {
    if health.is_damaged() {
        return Err("the file is damaged".into());
    }
    if file_id(path) != opened {
        return Err("the file was moved or replaced".into());
    }
    let mut conn = connect(path).map_err(|error| error.to_string())?;
    let one = boards::table.select(boards::id).first::<i64>(&mut conn).optional();
    health.note(&one);
    one.map_err(|error| error.to_string())?;
    // Fails on a file system that is read-only. If somebody else writes, the file is writable.
    match conn.batch_execute("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK") {
        Err(error) if !error.to_string().contains(BUSY) => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// The message of `SQLITE_BUSY`.
const BUSY: &str = "database is locked";

/// The identity of a file: device and inode.
pub(super) type FileId = (u64, u64);

/// The identity of the file with this name; `None` if there is none, or the system has no such identity.
pub(super) fn file_id(path: &str) -> Option<FileId> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}
