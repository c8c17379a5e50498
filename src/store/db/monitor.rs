//! Watches a PostgreSQL server over a connection of its own, and tells when it has been out of reach.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::connect_error::ConnectError;
use super::outage::Outage;
use super::postgres::Server;
use crate::domain::{Error, Result};
use crate::store::schema::boards;

/// The maximum time of a statement of the monitor. A busy machine must not look like an outage.
const CHECK_TIME: Duration = Duration::from_secs(3);

/// The maximum time of a connection attempt or a statement during an outage: those that began before its end may never
/// be answered.
const SHORT_CHECK_TIME: Duration = Duration::from_secs(1);

/// The maximum time to wait for the first check.
const FIRST_CHECK: Duration = Duration::from_millis(1500);

/// The pause between two checks while the database responds.
const PAUSE: Duration = Duration::from_secs(1);

/// The pause between two checks while it does not.
const SHORT_PAUSE: Duration = Duration::from_millis(200);

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    /// The server reads and would write.
    Ready,
    /// It responds, but is read-only, busy or locked.
    NotReady,
    /// It does not respond.
    Silent,
}

/// Checks a PostgreSQL server.
pub(super) struct Monitor {
    server: Server,
    outage: Outage,
    /// `None` before the first check.
    health: watch::Sender<Option<Health>>,
}

impl Monitor {
    pub(super) fn new(server: Server, outage: Outage) -> Self {
        Self { server, outage, health: watch::Sender::new(None) }
    }

    /// Checks again and again, for as long as the program runs.
    pub(super) async fn run(&self) {
        let (mut conn, mut was_silent) = (None, false);
        loop {
            let had_conn = conn.is_some();
            let mut health = self.check(&mut conn, &mut was_silent).await;
            if had_conn && conn.is_none() {
                // Perhaps only this session was ended.
                health = self.check(&mut conn, &mut was_silent).await;
            }
            if health == Health::Silent {
                was_silent = true;
            } else if std::mem::take(&mut was_silent) {
                tracing::info!("the database responds again: all connections are replaced");
                self.outage.ends();
                self.end_earlier_sessions(&mut conn).await;
            }
            if self.health.send_replace(Some(health)) != Some(health) && health != Health::Ready {
                tracing::error!(?health, "the database is not ready");
            }
            sleep(if health == Health::Ready { PAUSE } else { SHORT_PAUSE }).await;
        }
    }

    async fn end_earlier_sessions(&self, conn: &mut Option<AsyncPgConnection>) {
        let Some(conn) = conn else { return };
        let ended = timeout(CHECK_TIME, self.server.end_earlier_sessions(conn)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("sessions from before the outage may hold locks until they time out");
        }
    }

    /// The result of the latest check: whether the server reads and would write.
    pub(super) async fn ready(&self) -> Result<()> {
        let mut health = self.health.subscribe();
        let checked = timeout(FIRST_CHECK, health.wait_for(Option::is_some)).await;
        let is_ready = matches!(checked, Ok(Ok(health)) if *health == Some(Health::Ready));
        if is_ready { Ok(()) } else { Err(Error::Unavailable) }
    }

    /// Checks with the connection, or opens one. Sets `was_silent` if a connection gave no response. A connection that
    /// does not pass the check is closed.
    async fn check(&self, slot: &mut Option<AsyncPgConnection>, was_silent: &mut bool) -> Health {
        let limit = if *was_silent { SHORT_CHECK_TIME } else { CHECK_TIME };
        let conn = match slot.take() {
            Some(conn) => Ok(Ok(conn)),
            None => timeout(limit, self.server.connect()).await,
        };
        let mut conn = match conn {
            Ok(Ok(conn)) => conn,
            Ok(Err(ConnectError { is_busy: true, .. })) => return Health::NotReady,
            Ok(Err(_)) | Err(_) => return Health::Silent,
        };
        match timeout(limit, is_writable(&mut conn)).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return Health::NotReady,
            Ok(Err(_)) => return Health::Silent,
            Err(_) => {
                // Other connections may be as dead as this one.
                *was_silent = true;
                return Health::Silent;
            }
        }
        match timeout(CHECK_TIME, read(&mut conn)).await {
            Ok(Ok(())) => {
                *slot = Some(conn);
                Health::Ready
            }
            Ok(Err(_)) | Err(_) => Health::NotReady,
        }
    }
}

/// Whether the session may write.
async fn is_writable(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    let writable = "current_setting('transaction_read_only') = 'off'";
    diesel::select(diesel::dsl::sql::<Bool>(writable)).get_result(conn).await
}

/// Reads a table.
async fn read(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    boards::table.select(boards::id).limit(1).execute(conn).await.map(drop)
}
