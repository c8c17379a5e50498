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

    /// On PostgreSQL, until as many transactions wait as there are connections in the pool.
    pub async fn wait_until_others_queue(&mut self) {
        let Self::Postgres(client) = self else {
            return tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        for _ in 0..200 {
            // Within a transaction, PostgreSQL would show the same picture again.
            client.batch_execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
            if client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) >= 10 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the requests do not wait for the lock");
    }

    /// On PostgreSQL, all sessions too.
    pub async fn take_sessions(&mut self) {
        if let Self::Postgres(client) = self {
            client.batch_execute("SELECT 1 FROM sessions FOR UPDATE").await.unwrap();
        }
    }

    pub async fn release(self) {
        match self {
            Self::Sqlite(mut conn) => conn.batch_execute("ROLLBACK").unwrap(),
            Self::Postgres(client) => client.batch_execute("ROLLBACK").await.unwrap(),
        }
    }
}
