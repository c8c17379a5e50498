//! Which rules of HTTP requests do not hold for streams, and the sizes of messages.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::live_protocol::{FOLLOW, PROTOCOL};
use crate::support::{Events, Server, Socket, scenarios};

scenarios![
    a_socket_may_come_from_any_page,
    an_expired_token_gets_no_ack,
    messages_are_limited,
    an_idle_event_stream_has_no_deadline_and_is_not_compressed,
];

/// There are no cookies that a foreign page could use.
async fn a_socket_may_come_from_any_page(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let headers = [PROTOCOL, ("origin", "https://elsewhere.example.com")];
    let mut socket = Socket::connect(&server, &headers).await;
    socket.init(json!({ "authorization": format!("Bearer {}", ann.token) })).await;
    socket.subscribe("1", "{ viewer { id } }", json!({})).await;
    assert_eq!(socket.next("1").await["viewer"]["id"], ann.id.as_str());
}

async fn an_expired_token_gets_no_ack(server: Arc<Server>) {
    let ann = server.user("ann").await;
    server.db.clock().advance(3700);
    let authorization = format!("Bearer {}", ann.token);
    let mut socket = Socket::with_protocol(&server).await;
    let payload = json!({ "authorization": authorization });
    socket.send(json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(socket.receive().await.code(), 4403);
    let mut socket = Socket::connect(&server, &[PROTOCOL, ("authorization", &authorization)]).await;
    socket.send(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.receive().await.code(), 4403);
}

async fn messages_are_limited(server: Arc<Server>) {
    let strict = Arc::new(server.another(&[("LIVE_MAX_MESSAGE_KIB", "4")]).await);
    let ann = strict.user("ann").await;
    let mut socket = Socket::of(&ann).await;
    for (bytes, fits) in [(3 << 10, true), (5 << 10, false)] {
        let query = format!("{{ viewer {{ id }} }} # {}", "x".repeat(bytes));
        socket.subscribe("1", &query, json!({})).await;
        if fits {
            assert_eq!(socket.next("1").await["viewer"]["id"], ann.id.as_str());
            socket.message_of("1").await;
        } else {
            assert_eq!(socket.receive().await.code(), 1009);
        }
    }
    strict.stop().await;
}

async fn an_idle_event_stream_has_no_deadline_and_is_not_compressed(server: Arc<Server>) {
    let settings = [("HTTP_REQUEST_SECONDS", "1"), ("LIVE_PING_SECONDS", "60")];
    let quick = Arc::new(server.another(&settings).await);
    let ann = quick.user("ann").await;
    let board = ann.board("Plans").await;
    let mut socket = Socket::following(&ann, &board, FOLLOW).await;
    let query = "subscription($b: ID!) { boardEvents(boardId: $b) { sequence } }";
    let body = json!({ "query": query, "variables": { "b": board } });
    let request = quick.http.post(format!("{}/graphql", quick.url)).json(&body);
    let request = request.bearer_auth(&ann.token).header("accept", "text/event-stream");
    let response = request.header("accept-encoding", "gzip, br").send().await.unwrap();
    assert_eq!(response.headers().get("content-encoding"), None);
    let mut events = Events::of(response);
    let sequence = |n: i64| {
        let payload = json!({ "data": { "boardEvents": { "sequence": n } } });
        Some(("next".to_owned(), payload))
    };
    assert_eq!(events.next().await, sequence(1));
    tokio::time::sleep(Duration::from_secs(3)).await;
    ann.card(&board, "x").await;
    assert_eq!(events.next().await, sequence(2));
    assert_eq!(socket.news("1").await["sequence"], Value::from(2));
    quick.stop().await;
}
