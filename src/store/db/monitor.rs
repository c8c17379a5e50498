//! Watches a database over a connection of its own, and tells when it has been out of reach.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::time::{sleep, timeout};

use super::postgres::Server;
use crate::domain::{Error, Result};
use crate::store::schema::boards;

/// The maximum time of a check.
const CHECK_TIME: Duration = Duration::from_millis(1500);

/// The pause between two checks while the database responds.
const PAUSE: Duration = Duration::from_secs(1);

/// The pause between two checks while it does not respond.
const SHORT_PAUSE: Duration = Duration::from_millis(200);

/// The end of the latest outage.
///
/// The connections that were open then are closed, also if the network would carry on with them: nobody knows which
/// of them are dead, and TCP would take long to find out.
#[derive(Clone, Default)]
pub(super) struct Outage(Arc<Mutex<Option<Instant>>>);

impl Outage {
    /// Whether a connection that was opened at this time is from before the end of the latest outage.
    pub(super) fn has_cut(&self, opened: Instant) -> bool {
        let end = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        end.is_some_and(|end| opened < end)
    }

    fn ends(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// Checks a PostgreSQL server.
pub(super) struct Monitor {
    server: Server,
    conn: tokio::sync::Mutex<Option<AsyncPgConnection>>,
    outage: Outage,
}

impl Monitor {
    pub(super) fn new(server: Server, outage: Outage) -> Self {
        Self { server, conn: tokio::sync::Mutex::default(), outage }
    }

    /// Checks again and again, for as long as the program runs.
    pub(super) async fn run(&self) {
        let mut responds = true;
        loop {
            let responded = std::mem::replace(&mut responds, self.check().await.is_ok());
            match (responded, responds) {
                (true, false) => tracing::error!("the database does not respond"),
                (false, true) => {
                    tracing::info!("the database responds again");
                    self.outage.ends();
                }
                _ => {}
            }
            sleep(if responds { PAUSE } else { SHORT_PAUSE }).await;
        }
    }

    /// Whether the server reads and would write. Returns within two seconds.
    pub(super) async fn check(&self) -> Result<()> {
        let check = timeout(CHECK_TIME, async {
            let mut slot = self.conn.lock().await;
            // Not in its place meanwhile: a connection whose check did not end is closed.
            let mut conn = match slot.take() {
                Some(conn) => conn,
                None => self.server.connect().await.map_err(|error| error.to_string())?,
            };
            let writes = writable(&mut conn).await.map_err(|error| error.to_string())?;
            if !writes {
                return Err("the server is read-only".to_owned());
            }
            *slot = Some(conn);
            Ok(())
        });
        let reason = match check.await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(reason)) => reason,
            Err(_) => "no response in time".to_owned(),
        };
        tracing::debug!(%reason, "the check of the database failed");
        Err(Error::Unavailable)
    }
}

/// Reads a table, and whether the session may write.
async fn writable(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    let _: Option<i64> = boards::table.select(boards::id).first(conn).await.optional()?;
    let writable = "current_setting('transaction_read_only') = 'off'";
    diesel::select(diesel::dsl::sql::<Bool>(writable)).get_result(conn).await
}
