//! Which rules of HTTP requests do not hold for streams, and the sizes of messages.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::live_protocol::{FOLLOW, PROTOCOL};
use crate::support::{Events, Server, Socket, Watched, ask_for_events, scenarios};

scenarios![
    a_socket_may_come_from_any_page,
    an_expired_token_gets_no_ack,
    a_token_in_the_url_is_ignored,
    messages_are_limited,
    large_payloads_take_no_memory_of_each_socket,
    what_an_event_stream_has_not_sent_is_counted,
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

/// URLs are kept in logs.
async fn a_token_in_the_url_is_ignored(server: Arc<Server>) {
    let ann = server.user("ann").await;
    for name in ["access_token", "token", "authorization", "Authorization"] {
        // The rest of the path becomes a value.
        let url = server.below(&format!("/graphql?{name}=Bearer%20{}&rest=", ann.token));
        let mut socket = Socket::with_protocol(&url).await;
        socket.init(json!({})).await;
        socket.subscribe("1", "{ viewer { id } }", json!({})).await;
        let refused = socket.message_of("1").await;
        assert_eq!(refused["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
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

/// The memory of the process of a server.
async fn memory(watched: &Watched) -> f64 {
    watched.sum("process_resident_memory_bytes", &[]).await / 1e6
}

/// All of them read 11 MB, and stay open.
async fn large_payloads_take_no_memory_of_each_socket(server: Arc<Server>) {
    let watched = Watched::start(&server, &[]).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    let query =
        format!("query($b: ID!) {{ board(id: $b) {{ {} }} }}", ann.large_texts(&board).await);
    let mut open = Vec::new();
    let mut before = 0.0;
    for n in 0..21 {
        let mut socket = Socket::of(&ann).await;
        socket.subscribe("1", &query, json!({ "b": board })).await;
        socket.next("1").await;
        open.push(socket);
        if n == 0 {
            before = memory(&watched).await;
        }
    }
    let grown = memory(&watched).await - before;
    assert!(grown < 100.0, "{grown} MB for 20 sockets");
    drop(open);
    watched.process.stop().await;
}

/// Clients that do not read hold the memory of what they have not read. When it is used up, the next request is refused, or
/// the connections of those clients are closed.
async fn what_an_event_stream_has_not_sent_is_counted(server: Arc<Server>) {
    let settings = [("GRAPHQL_MEMORY_MIB", "32"), ("HTTP_WRITE_SECONDS", "600")];
    let watched = Watched::start(&server, &settings).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    let query =
        format!("query($b: ID!) {{ board(id: $b) {{ {} }} }}", ann.large_texts(&board).await);
    let before = memory(&watched).await;
    let mut unread = Vec::new();
    for _ in 0..3 {
        let response = ask_for_events(&ann, &query, json!({ "b": board })).await;
        unread.push(response);
    }
    let mut complete = 0;
    for response in unread {
        let text = response.text().await;
        complete += usize::from(text.is_ok_and(|text| !text.contains("SERVICE_UNAVAILABLE")));
    }
    assert!((1..3).contains(&complete), "{complete} are complete");
    let grown = memory(&watched).await - before;
    assert!(grown < 150.0, "{grown} MB");
    watched.process.stop().await;
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
