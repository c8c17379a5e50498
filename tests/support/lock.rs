//! A lock that tests hold while others want it.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use super::Server;

/// A connection of the test's own.
pub async fn postgres(server: &Server) -> tokio_postgres::Client {
    let config: tokio_postgres::Config = server.database_url.parse().unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A lock that every write on a board has to wait for.
pub enum Lock {
    Sqlite(SqliteConnection),
    Postgres(tokio_postgres::Client),
}

impl Lock {
    pub async fn take(server: &Server) -> Self {
        if let Some(path) = server.database_url.strip_prefix("sqlite://") {
            let mut conn = SqliteConnection::establish(path).unwrap();
            conn.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
            return Self::Sqlite(conn);
        }
        let client = postgres(server).await;
        client.batch_execute("BEGIN; SELECT 1 FROM boards FOR UPDATE").await.unwrap();
        Self::Postgres(client)
    }

    /// Until as many transactions wait as one viewer may run at once.
    pub async fn wait_until_others_queue(&mut self) {
        self.wait_for_others(8).await;
    }

    /// Until so many transactions wait. (SQLite does not tell, so there it is a moment.)
    pub async fn wait_for_others(&mut self, count: i64) {
        let Self::Postgres(client) = self else {
            return tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        for _ in 0..200 {
            // Within a transaction, PostgreSQL would show the same picture again.
            client.batch_execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
            if client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the requests do not wait for the lock");
    }

    /// Does something more under it, in the words of either database.
    pub async fn execute(&mut self, sqlite: &str, postgres: &str) {
        match self {
            Self::Sqlite(conn) => conn.batch_execute(sqlite).unwrap(),
            Self::Postgres(client) => client.batch_execute(postgres).await.unwrap(),
        }
    }

    /// Lets everybody go on, with what was done under it.
    pub async fn commit(mut self) {
        self.execute("COMMIT", "COMMIT").await;
    }

    /// Lets everybody go on, as if nothing had been done.
    pub async fn release(mut self) {
        self.execute("ROLLBACK", "ROLLBACK").await;
    }
}
