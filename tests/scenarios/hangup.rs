//! Clients that disconnect before they get the response.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{Lock, Server, User, postgres, scenarios};

scenarios![
    clients_that_hang_up_leave_no_transaction_behind,
    clients_that_hang_up_leave_no_snapshot_behind,
    a_session_ends_at_once_though_the_client_hangs_up,
];

/// 100 requests wait within their transactions for a lock that the test holds. The clients disconnect
/// before the lock is released.
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
    // The transactions that had begun were completed, although no client waited for them.
    let found = ann.get(&format!("{{ board(id: {board:?}) {{ cards {{ totalCount }} }} }}")).await;
    let cards = found["board"]["cards"]["totalCount"].as_i64().unwrap();
    assert!(cards > 1, "{cards} cards");
}

/// The same during a query. (On SQLite nothing can block a reader.)
async fn clients_that_hang_up_leave_no_snapshot_behind(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.card(&board, "card").await;
    // The cards are loaded and request their comments, which have to wait for the statement on labels.
    let stuck = format!(
        "{{ board(id: {board:?}) {{ cards {{ nodes {{ comments {{ totalCount }} }} }} labels {{ name }} }} }}"
    );
    let body = json!({ "query": stuck }).to_string();
    let mut lock = Lock::take(&server).await;
    lock.execute("", "LOCK TABLE labels IN ACCESS EXCLUSIVE MODE").await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(send(&ann, &body).await);
    }
    lock.wait_until_others_queue().await;
    drop(clients);
    tokio::time::sleep(Duration::from_millis(20)).await;
    lock.release().await;
    assert!(transactions_end(&server).await, "a transaction was left open");
    // No pooled connection is left in an old snapshot.
    let input = json!({ "boardId": board, "card": { "title": "x" } });
    ann.done("createCard", input, "__typename").await;
    let query =
        format!("{{ board(id: {board:?}) {{ labels {{ name }} cards {{ totalCount }} }} }}");
    for _ in 0..12 {
        assert_eq!(ann.get(&query).await["board"]["cards"]["totalCount"], 2);
    }
}

/// Whether no transaction is open any more. Waits a while for transactions that are just ending.
pub(super) async fn transactions_end(server: &Server) -> bool {
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

/// Sends a request that creates a card, and does not wait for the response.
async fn send_create_card(user: &User, board: &str) -> TcpStream {
    let query = "mutation($i: CreateCardInput!) { createCard(input: $i) { card { id } } }";
    let input = json!({ "boardId": board, "card": { "title": "hung up", "labels": ["RED"] } });
    send(user, &json!({ "query": query, "variables": { "i": input } }).to_string()).await
}

/// Sends a request and does not wait for the response.
async fn send(user: &User, body: &str) -> TcpStream {
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

/// A log-out takes effect even if the client does not wait for the response.
async fn a_session_ends_at_once_though_the_client_hangs_up(server: Arc<Server>) {
    let ann = server.user("ann").await;
    // The instance has cached the session.
    ann.get("{ viewer { id } }").await;
    let mut lock = Lock::take(&server).await;
    lock.execute("", "SELECT 1 FROM sessions FOR UPDATE").await;
    let body = json!({ "query": "mutation { logOut { revokedSessionId } }" });
    let stream = send(&ann, &body.to_string()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(stream);
    tokio::time::sleep(Duration::from_millis(100)).await;
    lock.release().await;
    let since = std::time::Instant::now();
    while server.count("sessions").await > 0 {
        assert!(since.elapsed().as_secs() < 10, "the session has not ended");
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let answer = ann.ask("{ viewer { id } }", json!({})).await;
    assert_eq!(answer.code(), "UNAUTHENTICATED");
    assert!(since.elapsed().as_secs() < 5, "too late: the cached session has expired anyway");
}
