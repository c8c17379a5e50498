//! A database lock that a test holds while the server waits for it.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use super::Server;

/// A separate connection to the scenario's PostgreSQL database.
pub async fn postgres(server: &Server) -> tokio_postgres::Client {
    let config: tokio_postgres::Config = server.database_url.parse().unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A lock that blocks every write to a board.
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

    /// Waits until as many transactions are blocked as one user may run concurrently.
    pub async fn wait_until_others_queue(&mut self) {
        self.wait_for_others(8).await;
    }

    /// Waits until `count` transactions are blocked. SQLite cannot report this, so there it sleeps
    /// briefly.
    pub async fn wait_for_others(&mut self, count: i64) {
        let Self::Postgres(client) = self else {
            return tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        for _ in 0..200 {
            // Within one transaction, PostgreSQL caches the statistics.
            client.batch_execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
            if client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the requests are not blocked by the lock");
    }

    /// Executes statements in the transaction that holds the lock, given in both SQL dialects.
    pub async fn execute(&mut self, sqlite: &str, postgres: &str) {
        match self {
            Self::Sqlite(conn) => conn.batch_execute(sqlite).unwrap(),
            Self::Postgres(client) => client.batch_execute(postgres).await.unwrap(),
        }
    }

    /// Commits the transaction, which releases the lock.
    pub async fn commit(mut self) {
        self.execute("COMMIT", "COMMIT").await;
    }

    /// Rolls the transaction back, which releases the lock.
    pub async fn release(mut self) {
        self.execute("ROLLBACK", "ROLLBACK").await;
    }
}
