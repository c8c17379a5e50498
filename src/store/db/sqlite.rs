//! Connections to an SQLite file.

use std::time::Duration;

use deadpool::managed::{self, Metrics, Object, Pool, RecycleResult};
use diesel::connection::SimpleConnection;
use diesel::{Connection, ConnectionError, ConnectionResult, SqliteConnection};

use super::statement_count::StatementCount;
use crate::config::{Database, StartError};

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

/// A pool of so many connections.
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
    type Error = ConnectionError;

    async fn create(&self) -> ConnectionResult<SqliteConnection> {
        let (path, wait, access) = (self.path.clone(), self.wait, self.access);
        let opening = tokio::task::spawn_blocking(move || open(&path, wait, access));
        let opened = opening.await.map_err(|e| ConnectionError::BadConnection(e.to_string()))?;
        let mut conn = opened?;
        conn.set_instrumentation(self.statements.clone());
        Ok(conn)
    }

    /// A connection to a file does not die, so no statement has to ask whether it lives.
    async fn recycle(
        &self,
        _conn: &mut SqliteConnection,
        _metrics: &Metrics,
    ) -> RecycleResult<ConnectionError> {
        Ok(())
    }
}

/// Opens the file and sets what every connection needs.
///
/// `synchronous = FULL`: a write that was acknowledged survives a loss of power.
fn open(path: &str, wait: Duration, access: Access) -> ConnectionResult<SqliteConnection> {
    let mut conn = SqliteConnection::establish(path)?;
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {};
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA query_only = {};",
        wait.as_millis(),
        access == Access::Read,
    ))
    .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
