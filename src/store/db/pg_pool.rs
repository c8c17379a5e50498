//! The pool of connections to a PostgreSQL server.

use deadpool::managed::{self, Metrics, Object, Pool, RecycleError, RecycleResult};
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection};

use super::connect_error::ConnectError;
use super::outage::Outage;
use super::postgres::Server;
use super::statement_count::StatementCount;
use crate::config::{Database, StartError};

/// A connection from the pool.
pub(super) type Pooled = Object<Manager>;

/// Opens connections for the pool.
pub(in crate::store) struct Manager {
    server: Server,
    outage: Outage,
    statements: StatementCount,
}

impl Manager {
    /// Opens a connection. The network may have lost the packets of an attempt that began before an outage ended, so it
    /// starts again then.
    async fn connect(&self) -> Result<AsyncPgConnection, ConnectError> {
        loop {
            tokio::select! {
                conn = self.server.connect() => return conn,
                () = self.outage.next_end() => {}
            }
        }
    }
}

/// A pool of connections.
pub(super) fn pool(
    server: &Server,
    outage: &Outage,
    statements: &StatementCount,
    config: &Database,
) -> Result<Pool<Manager>, StartError> {
    let (server, outage, statements) = (server.clone(), outage.clone(), statements.clone());
    Pool::builder(Manager { server, outage, statements })
        .max_size(config.pool_size)
        .wait_timeout(Some(config.wait))
        .create_timeout(Some(config.wait))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .map_err(|error| StartError::new(error.to_string()))
}

impl managed::Manager for Manager {
    /// In a box, because the pool moves it several times for each request.
    type Type = Box<AsyncPgConnection>;
    type Error = ConnectError;

    async fn create(&self) -> Result<Self::Type, ConnectError> {
        // In a box: it is large, and part of the future of every request.
        let mut conn = Box::pin(self.connect()).await?;
        conn.set_instrumentation(self.statements.clone());
        Ok(Box::new(conn))
    }

    /// Does not ask the server, which would cost a round trip for each request.
    async fn recycle(
        &self,
        conn: &mut Self::Type,
        metrics: &Metrics,
    ) -> RecycleResult<ConnectError> {
        if conn.is_broken() || self.outage.makes_stale(metrics.created) {
            return Err(RecycleError::message("the connection is broken"));
        }
        Ok(())
    }
}
