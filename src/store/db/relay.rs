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
        let mut open = None;
        loop {
            let mut changes = Vec::new();
            if let Ok(some) = timeout(PULSE, self.bus.outgoing()).await {
                changes = some;
            }
            let conn = match open.take() {
                Some(conn) => Ok(conn),
                None => self.server.connect().await,
            };
            // The changes are dropped: the other instances find them in their next sweep.
            let Ok(mut conn) = conn else { continue };
            if matches!(timeout(TIME, self.notify(&mut conn, &changes)).await, Ok(Ok(()))) {
                open = Some(conn);
            }
            sleep(COLLECT).await;
        }
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
        loop {
            if let Ok(mut conn) = server.connect().await {
                let heard = self.hear(&mut conn).await;
                tracing::debug!(?heard, "the connection that listens is replaced");
            }
            sleep(PAUSE).await;
        }
    }

    /// Listens until the connection fails or is silent.
    async fn hear(&self, conn: &mut AsyncPgConnection) -> QueryResult<()> {
        let Ok(begun) = timeout(TIME, begin(conn)).await else { return Ok(()) };
        let schema = begun?;
        let mut notifications = std::pin::pin!(conn.notifications_stream());
        while let Ok(Some(notification)) = timeout(SILENCE, notifications.next()).await {
            self.receive(&schema, &notification?.payload);
        }
        Ok(())
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
