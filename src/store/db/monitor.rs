//! Watches a PostgreSQL server over a connection of its own, and tells when it has been out of reach.

use std::time::{Duration, Instant};

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

/// The same during an outage, for most checks: the network may have lost the packets of a check that began before the
/// outage ended.
const SHORT_CHECK_TIME: Duration = Duration::from_secs(1);

/// One of so many checks during an outage has the longer time, for a server that is slow after its start.
const LONG_CHECK_EVERY: u32 = 8;

/// The maximum time to wait for a check that is recent.
const NEXT_CHECK: Duration = Duration::from_millis(1500);

/// A check that ended longer ago is not recent: the next one is taking long.
const RECENT: Duration = Duration::from_secs(3);

/// The pause between two checks while the database responds.
const PAUSE: Duration = Duration::from_secs(1);

/// The pause between two checks while it does not.
const SHORT_PAUSE: Duration = Duration::from_millis(200);

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    /// The server reads and would write.
    Ready,
    /// It responds, but its sessions cannot write.
    ReadOnly,
    /// It responds, but is busy or locked.
    Busy,
    /// It does not respond, or refuses connections.
    Silent,
}

impl Health {
    /// What the log says.
    fn reason(self) -> &'static str {
        match self {
            Self::Ready => "it is ready",
            Self::ReadOnly => "it is read-only",
            Self::Busy => "it is busy or locked",
            Self::Silent => "it does not respond, or refuses connections",
        }
    }
}

/// The result of a check.
#[derive(Clone, Copy)]
struct Checked {
    health: Health,
    at: Instant,
}

/// What a check found, with the error for the log if there is one.
type Found = (Health, Option<String>);

/// Checks a PostgreSQL server.
pub(super) struct Monitor {
    server: Server,
    outage: Outage,
    /// The latest check; `None` before the first one.
    latest: watch::Sender<Option<Checked>>,
}

impl Monitor {
    pub(super) fn new(server: &Server, outage: Outage) -> Self {
        Self { server: server.clone(), outage, latest: watch::Sender::new(None) }
    }

    /// Checks again and again, for as long as the program runs.
    pub(super) async fn run(&self) {
        // It may begin in an outage, if it has panicked.
        let former = self.latest.borrow().map(|checked| checked.health);
        let (mut conn, mut silent) = (None, u32::from(former == Some(Health::Silent)));
        let (mut must_end_sessions, mut was_read_only) = (true, former == Some(Health::ReadOnly));
        loop {
            let had_conn = conn.is_some();
            let (mut health, mut error) = self.check(&mut conn, &mut silent).await;
            if had_conn && conn.is_none() {
                // Perhaps only this session was ended.
                (health, error) = self.check(&mut conn, &mut silent).await;
            }
            if health == Health::Silent {
                silent += 1;
            } else if std::mem::take(&mut silent) > 0 {
                tracing::info!("the database responds again: all connections are replaced");
                self.outage.ends();
                must_end_sessions = true;
            }
            if health == Health::Ready && std::mem::take(&mut was_read_only) {
                tracing::info!("the database is writable again: all connections are replaced");
                self.outage.becomes_writable();
            }
            was_read_only |= health == Health::ReadOnly;
            if must_end_sessions && let Some(conn) = &mut conn {
                must_end_sessions = !self.end_earlier_sessions(conn).await;
            }
            let checked = Checked { health, at: Instant::now() };
            let former = self.latest.send_replace(Some(checked)).map(|former| former.health);
            if former != Some(health) && health != Health::Ready {
                tracing::error!(reason = health.reason(), error, "the database is not ready");
            }
            sleep(if health == Health::Ready { PAUSE } else { SHORT_PAUSE }).await;
        }
    }

    /// Ends the sessions from before the latest outage. Returns whether it succeeded.
    async fn end_earlier_sessions(&self, conn: &mut AsyncPgConnection) -> bool {
        let Some(since) = self.outage.time_since_end() else { return true };
        let ended = timeout(CHECK_TIME, self.server.end_earlier_sessions(conn, since)).await;
        matches!(ended, Ok(Ok(())))
    }

    /// Whether the server reads and would write. A good result must be recent.
    pub(super) async fn ready(&self) -> Result<()> {
        let mut latest = self.latest.subscribe();
        let is_known = |checked: &Option<Checked>| {
            checked.is_some_and(|one| one.health != Health::Ready || one.at.elapsed() < RECENT)
        };
        match timeout(NEXT_CHECK, latest.wait_for(is_known)).await {
            Ok(Ok(checked)) if checked.is_some_and(|one| one.health == Health::Ready) => Ok(()),
            _ => Err(Error::Unavailable),
        }
    }

    /// Whether the latest check has found the server ready.
    pub(super) fn is_ready(&self) -> bool {
        self.latest.borrow().is_some_and(|checked| checked.health == Health::Ready)
    }

    /// Checks with the connection, or opens one. `silent` is the number of checks without a response; it is raised if a
    /// connection gave none. A connection that does not pass the check is closed.
    async fn check(&self, slot: &mut Option<AsyncPgConnection>, silent: &mut u32) -> Found {
        let is_short = !silent.is_multiple_of(LONG_CHECK_EVERY);
        let limit = if is_short { SHORT_CHECK_TIME } else { CHECK_TIME };
        let conn = match slot.take() {
            Some(conn) => Ok(conn),
            None => self.server.connect_within(limit).await,
        };
        let mut conn = match conn {
            Ok(conn) => conn,
            Err(ConnectError { is_busy: true, reason, .. }) => return (Health::Busy, Some(reason)),
            Err(ConnectError { reason, .. }) => return (Health::Silent, Some(reason)),
        };
        match timeout(limit, is_writable(&mut conn)).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return (Health::ReadOnly, None),
            Ok(Err(error)) => return (Health::Silent, Some(error.to_string())),
            Err(_) => {
                // Other connections may be as dead as this one.
                *silent += 1;
                return (Health::Silent, Some(ConnectError::no_answer(limit).reason));
            }
        }
        match timeout(CHECK_TIME, read(&mut conn)).await {
            Ok(Ok(())) => {
                *slot = Some(conn);
                (Health::Ready, None)
            }
            Ok(Err(error)) => (Health::Busy, Some(error.to_string())),
            Err(_) => (Health::Busy, Some(ConnectError::no_answer(CHECK_TIME).reason)),
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::config::{Config, DatabaseUrl};

    #[tokio::test]
    async fn only_a_recent_check_is_good() {
        let config = Config::from_lookup(|_| None).unwrap().database;
        let DatabaseUrl::Postgres(url) = "postgres://localhost/d".parse().unwrap() else {
            panic!()
        };
        let server = Server::new("DATABASE_URL", &url, &config).unwrap();
        let monitor = Monitor::new(&server, Outage::default());
        let now = Instant::now();
        let old = now.checked_sub(RECENT).unwrap();
        for (health, at, is_ready) in [(Health::Ready, now, true), (Health::Ready, old, false)] {
            monitor.latest.send_replace(Some(Checked { health, at }));
            assert_eq!(monitor.ready().await.is_ok(), is_ready, "{health:?}");
        }
        monitor.latest.send_replace(Some(Checked { health: Health::ReadOnly, at: old }));
        assert!(matches!(monitor.ready().now_or_never(), Some(Err(_))), "it does not wait");
        monitor.latest.send_replace(Some(Checked { health: Health::Ready, at: old }));
        // Polled after `ready` has begun to wait.
        let check = async {
            let at = Instant::now();
            monitor.latest.send_replace(Some(Checked { health: Health::Ready, at }));
        };
        let (ready, ()) = tokio::join!(monitor.ready(), check);
        assert!(ready.is_ok(), "it waits for the next check");
    }
}
