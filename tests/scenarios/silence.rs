//! A database that stops responding while its connections stay open.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::hangup::transactions_end;
use crate::support::{Network, Proxy, Server, eventually, scenarios};

scenarios![
    a_silent_database_is_given_up,
    a_connection_whose_statement_has_no_answer_is_not_used_again,
    a_commit_without_an_answer_is_not_tried_again,
    a_stored_change_without_a_payload_says_so,
];

/// Short timeouts, for a server behind a proxy.
const LIMITS: [(&str, &str); 3] = [
    ("DATABASE_STATEMENT_SECONDS", "1"),
    ("DATABASE_WAIT_SECONDS", "1"),
    ("DATABASE_POOL_SIZE", "3"),
];

async fn a_silent_database_is_given_up(server: Arc<Server>) {
    // SQLite has no connection that could stop responding.
    if server.is_sqlite() {
        return;
    }
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let proxy = Proxy::to(&server.database_url).await;
    let ann = proxy.user(&ann, &LIMITS).await;
    let query =
        format!("{{ board(id: {board:?}) {{ labels {{ name }} cards {{ totalCount }} }} }}");
    let found = ann.get(&query).await;
    for _ in 0..2 {
        let since = Instant::now();
        proxy.set(Network::Frozen);
        // More requests than there are connections.
        let read = || ann.ask(&query, json!({}));
        let input = json!({ "boardId": board, "card": { "title": "x" } });
        let write = ann.call("createCard", input, "card { id }");
        let (one, two, three, four) = tokio::join!(read(), read(), read(), write);
        for answer in [one, two, three, four] {
            assert_eq!(answer.code(), "SERVICE_UNAVAILABLE", "{}", answer.body);
        }
        // The timeout of the request itself is 30 seconds.
        assert!(since.elapsed() < Duration::from_secs(15), "the requests timed out too late");
        proxy.set(Network::Up);
        // What was still waiting may fail. Then the server recovers by itself.
        eventually!(
            "the server does not recover",
            ann.ask(&query, json!({})).await.body["data"] == found
        );
    }
    let input = json!({ "boardId": board, "card": { "title": "y" } });
    eventually!(
        "no write succeeds",
        ann.call("createCard", input.clone(), "card { id }").await.body["errors"].is_null()
    );
    ann.server.stop().await;
}

/// The request ends before the time limit of its statement, which has no transaction and no task of its own.
async fn a_connection_whose_statement_has_no_answer_is_not_used_again(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let near = server.user("ann").await;
    let proxy = Proxy::to(&server.database_url).await;
    let settings = [
        ("DATABASE_POOL_SIZE", "1"),
        ("DATABASE_STATEMENT_SECONDS", "2"),
        ("HTTP_REQUEST_SECONDS", "2"),
    ];
    let ann = proxy.user(&near, &settings).await;
    let log_in = async || ann.server.try_log_in("nobody@example.com", "password").await.code();
    assert_eq!(log_in().await, "INVALID_CREDENTIALS");
    // A value, because the text of a prepared statement is not sent again.
    proxy.lose_answer_to("nobody@example.com");
    assert_eq!(log_in().await, "SERVICE_UNAVAILABLE");
    let began = Instant::now();
    eventually!("the connection is used again", log_in().await == "INVALID_CREDENTIALS");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    ann.server.stop().await;
}

async fn a_commit_without_an_answer_is_not_tried_again(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let near = server.user("ann").await;
    let board = near.board("Plans").await;
    let proxy = Proxy::to(&server.database_url).await;
    let ann = proxy.user(&near, &LIMITS).await;
    ann.get("{ viewer { id } }").await;
    // The COMMIT of the query has been answered.
    assert!(transactions_end(&server).await);
    // The NUL keeps BEGIN … READ COMMITTED from matching.
    proxy.lose_answer_to("COMMIT\0");
    let input = json!({ "boardId": board, "card": { "title": "x" } });
    let answer = ann.call("createCard", input, "card { id }").await;
    assert_eq!(answer.code(), "SERVICE_UNAVAILABLE", "{}", answer.body);
    assert_eq!(answer.body["errors"][0]["extensions"]["outcome"], "UNKNOWN");
    // The transaction was committed nevertheless, and only once.
    let query = format!("{{ board(id: {board:?}) {{ version cards {{ totalCount }} }} }}");
    let found = json!({ "board": { "version": 2, "cards": { "totalCount": 1 } } });
    assert_eq!(ann.get(&query).await, found);
    // With an ID, the server finds out what has happened.
    assert!(transactions_end(&server).await);
    proxy.lose_answer_to("COMMIT\0");
    let input = json!({ "boardId": board, "card": { "title": "y" }, "clientMutationId": "x" });
    let made = ann.done("createCard", input, "card { title }").await;
    assert_eq!(made["card"]["title"], "y");
    assert_eq!(near.version(&board).await, 3);
    ann.server.stop().await;
}

async fn a_stored_change_without_a_payload_says_so(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let near = server.user("ann").await;
    let board = near.board("Plans").await;
    let proxy = Proxy::to(&server.database_url).await;
    let ann = proxy.user(&near, &LIMITS).await;
    // The statement of the payload, whose text is sent because it is prepared for the first time.
    proxy.lose_answer_to("FROM \"labels\"");
    let input = json!({ "boardId": board, "card": { "title": "x" } });
    let answer = ann.call("createCard", input, "card { board { labels { name } } }").await;
    assert_eq!(answer.code(), "SERVICE_UNAVAILABLE", "{}", answer.body);
    let error = &answer.body["errors"][0];
    assert_eq!(error["extensions"]["outcome"], "COMMITTED");
    assert_eq!(error["path"], json!(["createCard", "card", "board", "labels"]));
    assert_eq!(near.version(&board).await, 2);
    ann.server.stop().await;
}
