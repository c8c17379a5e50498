//! Connections of the pools: taking one, and how many there are.

use std::time::{Duration, Instant};

use deadpool::managed::{Manager, Object, Pool, PoolError};
use tokio::time::sleep;

use super::connect_error::ConnectError;
use super::{Db, Pools, outage_log};
use crate::domain::{Error, Result};
use crate::metrics::{self, PoolStatus, Trouble};

/// The pause before another attempt to open a connection.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

impl Db {
    /// Takes a connection from the pool. If the database accepts no more connections, waits for a free one.
    pub(super) async fn pooled<M>(&self, pool: &Pool<M>, name: metrics::Pool) -> Result<Object<M>>
    where
        M: Manager<Error = ConnectError>,
    {
        let began = Instant::now();
        loop {
            let error = match pool.get().await {
                Ok(conn) => {
                    let waits = metrics::get().database.waits.of(name);
                    waits.observe(began.elapsed().as_secs_f64());
                    return Ok(conn);
                }
                Err(error) => error,
            };
            let is_busy = matches!(&error, PoolError::Backend(error) if error.is_busy);
            if !is_busy || began.elapsed() >= self.wait {
                let class = if is_busy || matches!(error, PoolError::Timeout(_)) {
                    Trouble::NoneFree
                } else {
                    Trouble::NoConnection
                };
                outage_log::note(class, &error);
                return Err(Error::Unavailable);
            }
            sleep(RETRY_PAUSE).await;
        }
    }

    /// The current state of the pools.
    pub fn pools(&self) -> Vec<PoolStatus> {
        match &self.pools {
            Pools::Sqlite { readers, writer, .. } => {
                let write = status(metrics::Pool::Write, &writer.pool);
                let write = PoolStatus { waiting: writer.waiting(), ..write };
                vec![status(metrics::Pool::Read, readers), write]
            }
            Pools::Postgres { pool, .. } => vec![status(metrics::Pool::All, pool)],
        }
    }
}

fn status<M: Manager>(name: metrics::Pool, pool: &Pool<M>) -> PoolStatus {
    let status = pool.status();
    let (max, open, idle) = (status.max_size, status.size, status.available);
    PoolStatus { pool: name, max, open, idle, waiting: status.waiting }
}
