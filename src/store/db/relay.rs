//! Tells other instances on the same PostgreSQL server about changes, and hears of theirs: NOTIFY and LISTEN, each on a
//! connection of its own. Whatever is lost is found by the next sweep.
//!
//! NOTIFY is sent after the commit: inside a transaction it takes a lock that all committing transactions of the database
//! share.

use std::sync::Arc;
use std::time::Duration;

use diesel::QueryResult;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::StreamExt;
use tokio::time::{sleep, timeout};

use super::connect_error::ConnectError;
use super::postgres::Server;
use crate::events::{Bus, Change};

/// The minimum pause between two notifications. A change after a pause is sent immediately; of many, those of this time are
/// sent together, because each notification takes the database as long as a small write.
const COLLECT: Duration = Duration::from_millis(20);

/// The maximum pause between two notifications: if there are no changes, an empty one shows that the connections work.
const PULSE: Duration = Duration::from_secs(2);

/// A listening connection that does not hear its own instance for so long is replaced.
const SILENCE: Duration = Duration::from_secs(5);

/// The maximum time of a statement.
const TIME: Duration = Duration::from_secs(3);

/// The pause before another attempt to connect.
const PAUSE: Duration = Duration::from_millis(500);

/// PostgreSQL accepts less than 8000 bytes.
const MAX_BYTES: usize = 7500;

/// Sends and receives notifications.
pub(super) struct Relay {
    /// Where statements are sent.
    server: Server,
    /// Where notifications are received; `None` if a pooler is in between, which passes none on.
    listen: Option<Server>,
    bus: Arc<Bus>,
    /// The name of this instance.
    instance: String,
}

impl Relay {
    pub(super) fn new(server: Server, listen: Option<Server>, bus: Arc<Bus>) -> Self {
        let listen = listen.or_else(|| (!server.has_pooler()).then(|| server.clone()));
        if listen.is_none() {
            tracing::warn!(
                "changes of other instances arrive with a delay of some seconds: set DATABASE_LISTEN_URL to a connection without the pooler"
            );
        }
        Self { server, listen, bus, instance: format!("{:032x}", rand::random::<u128>()) }
    }

    /// Sends and receives for as long as the program runs.
    pub(super) async fn run(&self) {
        let listen = async {
            match &self.listen {
                Some(server) => self.listen(server).await,
                None => std::future::pending().await,
            }
        };
        tokio::join!(self.send(), listen);
    }

    async fn send(&self) {
        let (mut open, mut state) = (None, Working::new("NOTIFY"));
        loop {
            let mut changes = Vec::new();
            if let Ok(some) = timeout(PULSE, self.bus.outgoing()).await {
                changes = some;
            }
            // If it fails, the changes are dropped: the other instances find them in their next sweep.
            match self.tell(open.take(), &changes).await {
                Ok(conn) => {
                    open = Some(conn);
                    state.works();
                }
                Err(failure) => state.fails(&failure),
            }
            sleep(COLLECT).await;
        }
    }

    /// Sends the changes over the connection, or over a new one, and returns it.
    async fn tell(
        &self,
        open: Option<AsyncPgConnection>,
        changes: &[Change],
    ) -> Result<AsyncPgConnection, ConnectError> {
        let mut conn = match open {
            Some(conn) => conn,
            None => self.server.connect().await?,
        };
        let told = timeout(TIME, self.notify(&mut conn, changes)).await;
        told.map_err(|_| ConnectError::no_answer(TIME))??;
        Ok(conn)
    }

    async fn notify(&self, conn: &mut AsyncPgConnection, changes: &[Change]) -> QueryResult<()> {
        for payload in payloads(&self.instance, changes) {
            let notify =
                diesel::sql_query("SELECT pg_notify('kanban', current_schema() || ' ' || $1)");
            notify.bind::<Text, _>(payload).execute(conn).await?;
        }
        Ok(())
    }

    async fn listen(&self, server: &Server) {
        let mut state = Working::new("LISTEN");
        loop {
            if let Err(failure) = self.hear(server, &mut state).await {
                state.fails(&failure);
            }
            sleep(PAUSE).await;
        }
    }

    /// Listens until the connection fails or is silent.
    async fn hear(&self, server: &Server, state: &mut Working) -> Result<(), ConnectError> {
        let mut conn = server.connect().await?;
        let begun = timeout(TIME, begin(&mut conn)).await;
        let schema = begun.map_err(|_| ConnectError::no_answer(TIME))??;
        let mut notifications = std::pin::pin!(conn.notifications_stream());
        loop {
            let heard = timeout(SILENCE, notifications.next()).await;
            let Some(notification) = heard.map_err(|_| silent())? else {
                return Err(ConnectError::new("the connection was closed"));
            };
            self.receive(&schema, &notification?.payload);
            state.works();
        }
    }

    fn receive(&self, schema: &str, payload: &str) {
        let mut words = payload.split(' ');
        // Schemas of one database have nothing to do with each other.
        if words.next() == Some(schema) && words.next() != Some(&self.instance) {
            let changes: Vec<_> = words.filter_map(Change::from_text).collect();
            self.bus.receive(&changes);
        }
    }
}

/// Whether notifications are sent or received. The log is told of each change.
struct Working {
    /// The statement.
    what: &'static str,
    fails: bool,
}

impl Working {
    fn new(what: &'static str) -> Self {
        Self { what, fails: false }
    }

    fn works(&mut self) {
        if std::mem::take(&mut self.fails) {
            tracing::info!("{} works again", self.what);
        }
    }

    fn fails(&mut self, reason: &ConnectError) {
        if !std::mem::replace(&mut self.fails, true) {
            tracing::warn!(%reason, "{} fails: changes reach other instances with a delay of some seconds", self.what);
        }
    }
}

fn silent() -> ConnectError {
    ConnectError::new(format!("nothing was received within {} s", SILENCE.as_secs()))
}

#[derive(diesel::QueryableByName)]
struct Schema {
    #[diesel(sql_type = Text)]
    name: String,
}

async fn begin(conn: &mut AsyncPgConnection) -> QueryResult<String> {
    conn.batch_execute("LISTEN kanban").await?;
    let schema = diesel::sql_query("SELECT current_schema()::text AS name");
    Ok(schema.get_result::<Schema>(conn).await?.name)
}

/// The payloads of notifications: the name of the instance and the changes.
fn payloads(instance: &str, changes: &[Change]) -> Vec<String> {
    let mut payloads = vec![instance.to_owned()];
    for change in changes {
        let text = change.to_text();
        let is_full = payloads.last().is_none_or(|last| last.len() + text.len() >= MAX_BYTES);
        if is_full {
            payloads.push(instance.to_owned());
        }
        if let Some(last) = payloads.last_mut() {
            last.push(' ');
            last.push_str(&text);
        }
    }
    payloads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::BoardId;

    #[test]
    fn payloads_are_short_enough_and_complete() {
        let change = |id| Change { board: BoardId(id), is_listed: false, users: Vec::new() };
        let changes: Vec<_> = (0..5000).map(change).collect();
        let payloads = payloads("me", &changes);
        assert!(payloads.len() > 1 && payloads.iter().all(|payload| payload.len() < 8000));
        let read = payloads.iter().flat_map(|payload| payload.split(' ').skip(1));
        assert_eq!(read.filter_map(Change::from_text).collect::<Vec<_>>(), changes);
    }
}
