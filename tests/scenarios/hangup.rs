//! Clients that hang up in the middle of a mutation.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{Server, User, scenarios};

scenarios![clients_that_hang_up_leave_no_transaction_behind];

/// 100 requests get stuck within their transactions behind a lock that the test holds, their
/// clients hang up, and only then the lock is let go.
async fn clients_that_hang_up_leave_no_transaction_behind(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    for _ in 0..10 {
        let mut lock = Lock::take(&server).await;
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(send_create_card(&ann, &board).await);
        }
        lock.wait_until_others_queue().await;
        drop(clients);
        tokio::time::sleep(Duration::from_millis(20)).await;
        lock.release().await;
    }
    let write = tokio::time::timeout(Duration::from_secs(4), ann.card(&board, "last"));
    write.await.expect("a transaction or its lock was left behind");
    if !server.is_sqlite() {
        assert!(transactions_end(&server).await, "a transaction was left open");
    }
    // What had begun was done whole, though nobody waited for it.
    let found = ann.get(&format!("{{ board(id: {board:?}) {{ cards {{ totalCount }} }} }}")).await;
    let cards = found["board"]["cards"]["totalCount"].as_i64().unwrap();
    assert!(cards > 1, "{cards} cards");
}

/// Whether no transaction is open any more, after a while for those that are just ending.
async fn transactions_end(server: &Server) -> bool {
    let open = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let client = postgres(server).await;
    for _ in 0..200 {
        if client.query_one(open, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

/// Sends a request and does not wait for the answer.
async fn send_create_card(user: &User, board: &str) -> TcpStream {
    let query = "mutation($i: CreateCardInput!) { createCard(input: $i) { card { id } } }";
    let input = json!({ "boardId": board, "card": { "title": "hung up", "labels": ["RED"] } });
    let body = json!({ "query": query, "variables": { "i": input } }).to_string();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
        user.token,
        body.len(),
    );
    let mut stream =
        TcpStream::connect(user.server.url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn postgres(server: &Server) -> tokio_postgres::Client {
    let config: tokio_postgres::Config = server.database_url.parse().unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A lock that every write on a board has to wait for.
enum Lock {
    Sqlite(SqliteConnection),
    Postgres(tokio_postgres::Client),
}

impl Lock {
    async fn take(server: &Server) -> Self {
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
    async fn wait_until_others_queue(&mut self) {
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

    async fn release(self) {
        match self {
            Self::Sqlite(mut conn) => conn.batch_execute("ROLLBACK").unwrap(),
            Self::Postgres(client) => client.batch_execute("ROLLBACK").await.unwrap(),
        }
    }
}
