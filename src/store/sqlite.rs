//! Connections to an SQLite file.

use std::time::Duration;

use diesel::{
    Connection, ConnectionError, ConnectionResult, SqliteConnection, connection::SimpleConnection,
};
use diesel_async::AsyncConnection;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use futures_util::FutureExt;

use super::{Pools, RawSqliteConn, StatementCount};
use crate::config::{Database, StartError};

/// Several connections that read and one that writes.
pub(super) fn pools(
    path: &str,
    config: &Database,
    statements: &StatementCount,
) -> Result<Pools, StartError> {
    Ok(Pools::Sqlite {
        readers: pool(path, config, statements, Access::Read, config.pool_size)?,
        writer: pool(path, config, statements, Access::Write, 1)?,
    })
}

#[derive(Clone, Copy)]
enum Access {
    Read,
    Write,
}

fn pool(
    path: &str,
    config: &Database,
    statements: &StatementCount,
    access: Access,
    size: usize,
) -> Result<Pool<RawSqliteConn>, StartError> {
    let statements = statements.clone();
    let wait = config.wait;
    let mut manager = ManagerConfig::default();
    // A connection to a file does not die, so no query has to ask whether it lives.
    manager.recycling_method = RecyclingMethod::Fast;
    manager.custom_setup = Box::new(move |path| {
        let (path, statements) = (path.to_owned(), statements.clone());
        async move {
            let opening = tokio::task::spawn_blocking(move || open(&path, wait, access));
            let conn =
                opening.await.map_err(|e| ConnectionError::BadConnection(e.to_string()))??;
            let mut conn = RawSqliteConn::new(conn);
            conn.set_instrumentation(statements);
            Ok(conn)
        }
        .boxed()
    });
    Pool::builder(AsyncDieselConnectionManager::new_with_config(path, manager))
        .max_size(size)
        .wait_timeout(Some(wait))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .map_err(|error| StartError::new(error.to_string()))
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
        matches!(access, Access::Read),
    ))
    .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
