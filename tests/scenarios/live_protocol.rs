//! The transports of subscriptions: `graphql-transport-ws` and Server-Sent Events, their close codes and limits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::support::{
    Events, Received, Server, Socket, User, ask_for_events, eventually, scenarios,
};

scenarios![
    queries_and_mutations_run_over_a_socket,
    a_token_may_come_in_the_header,
    a_bad_token_gets_no_ack,
    without_a_token_operations_are_refused,
    what_breaks_the_protocol_closes_the_socket,
    a_close_frame_is_answered,
    ids_are_used_once_at_a_time,
    an_operation_ends_when_the_client_completes_it,
    a_flood_of_connection_init_disturbs_nobody,
    a_client_that_does_not_begin_is_closed,
    a_client_that_does_not_answer_pings_is_closed,
    a_client_that_reads_late_is_alive,
    streams_end_with_their_session,
    a_stream_that_is_read_slowly_ends_with_its_session,
    streams_end_with_their_token,
    streams_end_when_the_server_stops,
    streams_are_limited,
    event_streams_leave_connections_for_requests,
    slow_readers_do_not_hold_up_others,
    event_streams_have_a_heartbeat,
];

async fn queries_and_mutations_run_over_a_socket(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let mut socket = Socket::of(&ann).await;
    let create = "mutation($t: String!) { createBoard(input: { title: $t }) { board { title } } }";
    socket.subscribe("m", create, json!({ "t": "Plans" })).await;
    let made = json!({ "createBoard": { "board": { "title": "Plans" } } });
    assert_eq!(socket.next("m").await, made);
    assert_eq!(socket.message_of("m").await, json!({ "id": "m", "type": "complete" }));
    // An error in a field is part of the result.
    let query = "{ viewer { email } board(id: \"board_1\") { cards(first: -1) { totalCount } } }";
    socket.subscribe("q", query, json!({})).await;
    let result = socket.message_of("q").await;
    assert_eq!(result["type"], "next");
    assert_eq!(result["payload"]["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    assert_eq!(socket.message_of("q").await["type"], "complete");
    // A request that is not executed has only errors.
    socket.subscribe("v", "{ nothing }", json!({})).await;
    let refused = socket.message_of("v").await;
    assert_eq!(refused["type"], "error");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    socket.subscribe("v", "{ viewer { email } }", json!({})).await;
    assert_eq!(socket.next("v").await["viewer"]["email"], "ann@example.com");
    assert_eq!(socket.message_of("v").await["type"], "complete");
    socket.send(json!({ "type": "ping", "payload": { "a": 1 } })).await;
    assert_eq!(socket.receive().await.message(), json!({ "type": "pong" }));
    socket.send(json!({ "type": "pong" })).await;
    assert!(socket.is_quiet().await);
}

pub(super) const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

async fn a_token_may_come_in_the_header(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let header = format!("Bearer {}", ann.token);
    for (payload, email) in [
        (json!({}), "ann@example.com"),
        (json!({ "authorization": format!("bearer {}", bob.token) }), "bob@example.com"),
        (json!({ "Authorization": format!("Bearer {}", bob.token) }), "bob@example.com"),
    ] {
        let mut socket = Socket::connect(&server, &[PROTOCOL, ("authorization", &header)]).await;
        socket.init(payload).await;
        socket.subscribe("1", "{ viewer { email } }", json!({})).await;
        assert_eq!(socket.next("1").await["viewer"]["email"], email);
    }
}

async fn a_bad_token_gets_no_ack(server: Arc<Server>) {
    let ann = server.user("ann").await;
    ann.get("mutation { logOut { revokedSessionId } }").await;
    let old = format!("Bearer {}", ann.token);
    // A value without the scheme is an error of the client, which must not try it again.
    for (authorization, code) in
        [("Bearer x", 4403), (&*old, 4403), ("x", 4400), ("Basic YTpi", 4400), (&ann.token, 4400)]
    {
        let mut socket = Socket::with_protocol(&server).await;
        let payload = json!({ "authorization": authorization });
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.receive().await.code(), code, "{authorization}");
        let mut socket =
            Socket::connect(&server, &[PROTOCOL, ("authorization", authorization)]).await;
        socket.send(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.receive().await.code(), 4403, "{authorization}");
    }
}

async fn without_a_token_operations_are_refused(server: Arc<Server>) {
    let mut socket = Socket::with_protocol(&server).await;
    socket.init(json!({})).await;
    socket.subscribe("q", "{ viewer { email } }", json!({})).await;
    let result = socket.message_of("q").await;
    assert_eq!(result["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(socket.message_of("q").await["type"], "complete");
    for follow in ["boardEvents(boardId: \"board_1\") { reset }", "viewerBoards { reset }"] {
        socket.subscribe("s", &format!("subscription {{ {follow} }}"), json!({})).await;
        let refused = socket.message_of("s").await;
        assert_eq!(refused["type"], "error");
        assert_eq!(refused["payload"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
}

/// RFC 6455, 5.5.1. Without it, clients believe that the connection was lost.
async fn a_close_frame_is_answered(server: Arc<Server>) {
    let ann = server.user("ann").await;
    for code in [1000, 4500] {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        let mut socket = Socket::of(&ann).await;
        socket.send_frame(Message::Close(Some(frame.clone()))).await;
        assert_eq!(socket.receive().await.code(), code);
        let mut socket = Socket::connect(&server, &[PROTOCOL]).await;
        socket.send_frame(Message::Close(Some(frame))).await;
        assert_eq!(socket.receive().await.code(), code);
    }
}

async fn what_breaks_the_protocol_closes_the_socket(server: Arc<Server>) {
    let mut other = Socket::connect(&server, &[]).await;
    assert_eq!(other.receive().await.code(), 4406);
    let other = Socket::try_connect(&server, &[("sec-websocket-protocol", "graphql-ws")]).await;
    assert_eq!(other.err(), Some(0));

    let init = || json!({ "type": "connection_init" }).to_string();
    let subscribe =
        json!({ "id": "1", "type": "subscribe", "payload": { "query": "{ viewer { id } }" } });
    let with_payload =
        |payload: Value| json!({ "id": "1", "type": "subscribe", "payload": payload });
    for (messages, code) in [
        (vec![subscribe.to_string()], 4401),
        (vec![json!({ "id": "1", "type": "complete" }).to_string()], 4401),
        (vec![init(), init()], 4429),
        (vec!["not JSON".to_owned()], 4400),
        (vec![init(), "[]".to_owned()], 4400),
        (vec![init(), r#"["ping", null, null]"#.to_owned()], 4400),
        (vec![init(), json!({ "type": "start" }).to_string()], 4400),
        (vec![json!({ "type": "connection_init", "payload": 1 }).to_string()], 4400),
        (
            vec![
                json!({ "type": "connection_init", "payload": { "authorization": 1 } }).to_string(),
            ],
            4400,
        ),
        (vec![init(), with_payload(json!({})).to_string()], 4400),
        (vec![init(), with_payload(json!({ "query": 1 })).to_string()], 4400),
        (
            vec![init(), with_payload(json!({ "query": "{ a }", "variables": [] })).to_string()],
            4400,
        ),
        (
            vec![format!(
                "{{\"type\":\"ping\",\"payload\":{{\"a\":\"{}\"}}}}",
                "x".repeat(300 << 10)
            )],
            1009,
        ),
    ] {
        let mut socket = Socket::with_protocol(&server).await;
        let count = messages.len();
        for message in messages {
            socket.send_text(message).await;
        }
        for _ in 1..count {
            assert_eq!(socket.receive().await.message()["type"], "connection_ack");
        }
        assert_eq!(socket.receive().await.code(), code);
    }
    let mut socket = Socket::with_protocol(&server).await;
    socket.send_frame(Message::Binary(init().into_bytes().into())).await;
    assert_eq!(socket.receive().await.code(), 4400);
    let mut socket = Socket::with_protocol(&server).await;
    let not_utf8 = Frame::message(vec![0xff], OpCode::Data(Data::Text), true);
    socket.send_frame(Message::Frame(not_utf8)).await;
    assert_eq!(socket.receive().await.code(), 1007);
}

pub(super) const FOLLOW: &str = "sequence events { sequence }";

async fn ids_are_used_once_at_a_time(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let mut socket = Socket::of(&ann).await;
    for id in ["1", "a b", "\"\u{1F600}\""] {
        socket.follow(id, &board, None, FOLLOW).await;
        assert_eq!(socket.news(id).await["sequence"], 1);
    }
    socket.follow("1", &board, None, FOLLOW).await;
    assert_eq!(socket.receive().await.code(), 4409);
}

async fn an_operation_ends_when_the_client_completes_it(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let mut socket = Socket::following(&ann, &board, FOLLOW).await;
    socket.send(json!({ "id": "1", "type": "complete" })).await;
    socket.send(json!({ "id": "unknown", "type": "complete" })).await;
    ann.card(&board, "x").await;
    assert!(socket.is_quiet().await);
    socket.follow("1", &board, None, FOLLOW).await;
    assert_eq!(socket.news("1").await["sequence"], 2);
}

async fn a_client_that_does_not_begin_is_closed(server: Arc<Server>) {
    let quick = server.another(&[("LIVE_INIT_SECONDS", "1")]).await;
    let mut socket = Socket::with_protocol(&quick).await;
    let mut pinging = Socket::with_protocol(&quick).await;
    pinging.send(json!({ "type": "ping" })).await;
    assert_eq!(pinging.receive().await.message(), json!({ "type": "pong" }));
    let mut begun = Socket::with_protocol(&quick).await;
    begun.init(json!({})).await;
    assert_eq!(socket.receive().await.code(), 4408);
    assert_eq!(pinging.receive().await.code(), 4408);
    assert!(begun.is_quiet().await);
    quick.stop().await;
}

async fn a_client_that_does_not_answer_pings_is_closed(server: Arc<Server>) {
    let quick = Arc::new(server.another(&[("LIVE_PING_SECONDS", "1")]).await);
    let ann = quick.user("ann").await;
    let board = ann.board("Plans").await;
    // This client answers, because it reads.
    let mut socket = Socket::following(&ann, &board, FOLLOW).await;
    let reading = tokio::spawn(async move { socket.receive().await });
    // This one does not read.
    let mut silent = Socket::of(&ann).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(!reading.is_finished());
    ann.card(&board, "x").await;
    assert_eq!(reading.await.unwrap().message()["type"], "next");
    assert_eq!(silent.receive().await, Received::Closed(1006));
    quick.stop().await;
}

/// While the server writes to it, it sends no ping and reads no answer to the one before.
async fn a_client_that_reads_late_is_alive(server: Arc<Server>) {
    let slow = Arc::new(server.another(&[("LIVE_PING_SECONDS", "4")]).await);
    let ann = slow.user("ann").await;
    let board = ann.board("Plans").await;
    let payload = format!("board {{ {} }}", ann.large_texts(&board).await);
    let mut socket = Socket::following(&ann, &board, &payload).await;
    // The ping comes after four seconds. The next one would be due while the payload is written.
    tokio::time::sleep(Duration::from_millis(4200)).await;
    ann.card(&board, "x").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    socket.news("1").await;
    let received = tokio::time::timeout(Duration::from_millis(4500), socket.receive()).await;
    assert!(received.is_err(), "{received:?}");
    slow.stop().await;
}

/// The event stream of a user who follows a board, after its first event.
pub(super) async fn event_stream(user: &User, board: &str) -> Events {
    let query = "subscription($b: ID!) { boardEvents(boardId: $b) { sequence } }";
    let mut events = Events::of(ask_for_events(user, query, json!({ "b": board })).await);
    assert_eq!(events.next().await.unwrap().0, "next");
    events
}

/// Reads to the end of the stream; whether it was complete.
pub(super) async fn completes(mut events: Events) -> bool {
    let mut last = String::new();
    while let Some((name, _)) = events.next().await {
        last = name;
    }
    last == "complete"
}

async fn streams_end_with_their_session(server: Arc<Server>) {
    let other = Arc::new(server.another(&[]).await);
    let near = server.user("ann").await;
    let board = near.board("Plans").await;
    // On the instance that ends the session, and on another one.
    for place in [&server, &other] {
        let ann = server.user_again("ann").await;
        let again = User { server: Arc::clone(place), ..ann.clone() };
        let mut socket = Socket::following(&again, &board, FOLLOW).await;
        let mut idle = Socket::of(&again).await;
        let events = event_stream(&again, &board).await;
        ann.get("mutation { logOut { revokedSessionId } }").await;
        assert_eq!(socket.receive().await.code(), 4403);
        assert_eq!(idle.receive().await.code(), 4403);
        assert!(!completes(events).await);
    }
    // A changed password ends the other sessions.
    let mut socket = Socket::of(&near).await;
    let ann = server.user_again("ann").await;
    let input = json!({ "password": "another password", "currentPassword": "password" });
    ann.done("updateViewer", input, "user { id }").await;
    assert_eq!(socket.receive().await.code(), 4403);
    other.stop().await;
}

async fn a_stream_that_is_read_slowly_ends_with_its_session(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let texts = ann.large_texts(&board).await;
    let query =
        format!("subscription {{ boardEvents(boardId: \"{board}\") {{ board {{ {texts} }} }} }}");
    let body = json!({ "query": query }).to_string();
    let host = server.url.strip_prefix("http://").unwrap();
    let (length, token) = (body.len(), &ann.token);
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\n\
         content-type: application/json\r\nauthorization: Bearer {token}\r\ncontent-length: {length}\r\n\r\n"
    );
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    let mut stream = socket.connect(host.parse().unwrap()).await.unwrap();
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let (mut part, mut count) = (vec![0; 16 << 10], 0);
    count += stream.read(&mut part).await.unwrap();
    assert!(part.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&part));
    // The payload has begun.
    while count < 100_000 {
        count += stream.read(&mut part).await.unwrap();
    }
    ann.get("mutation { logOut { revokedSessionId } }").await;
    while let Ok(read @ 1..) = stream.read(&mut part).await {
        count += read;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(count < 10_000_000, "{count}");
}

async fn streams_end_with_their_token(server: Arc<Server>) {
    let quick = Arc::new(server.another(&[("LIVE_PING_SECONDS", "1")]).await);
    let ann = quick.user("ann").await;
    let board = ann.board("Plans").await;
    let mut socket = Socket::following(&ann, &board, FOLLOW).await;
    let events = event_stream(&ann, &board).await;
    quick.db.clock().advance(3700);
    assert_eq!(socket.receive().await.code(), 4403);
    assert!(!completes(events).await);
    quick.stop().await;
}

async fn streams_end_when_the_server_stops(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        let socket = Socket::following(&ann, &board, FOLLOW).await;
        sockets.push(socket);
    }
    let events = event_stream(&ann, &board).await;
    let stopping = Arc::clone(&server);
    let stopped = tokio::spawn(async move { stopping.stop_gracefully().await });
    let ends = join_all(sockets.into_iter().map(async |mut socket| {
        let received = socket.receive().await;
        (received.code(), Instant::now())
    }));
    let ends = ends.await;
    assert!(ends.iter().all(|(code, _)| *code == 1012), "{ends:?}");
    // Spread over a second and a half, so that the clients do not all come back at once.
    let times = || ends.iter().map(|(_, time)| *time);
    let spread = times().max().unwrap() - times().min().unwrap();
    assert!(spread > Duration::from_millis(50), "{spread:?}");
    assert!(!completes(events).await);
    stopped.await.unwrap();
}

/// Each client sends many at once, with a valid token or a bad one, and reads nothing meanwhile.
async fn a_flood_of_connection_init_disturbs_nobody(server: Arc<Server>) {
    let small = Arc::new(server.another(&[("LIVE_MAX_STREAMS_PER_ADDRESS", "60")]).await);
    let ann = small.user("ann").await;
    let board = ann.board("Plans").await;
    let mut bystander = Socket::following(&ann, &board, FOLLOW).await;
    for token in [ann.token.clone(), "bad".to_owned()] {
        let payload = json!({ "authorization": format!("Bearer {token}") });
        let init = json!({ "type": "connection_init", "payload": payload }).to_string();
        let flood = join_all((0..50).map(async |_| {
            let mut socket = Socket::with_protocol(&small).await;
            for _ in 0..100 {
                // The server may have closed the connection already.
                let _ = socket.try_send_text(init.clone()).await;
            }
            loop {
                if let Received::Closed(code) = socket.receive().await {
                    break code;
                }
            }
        }));
        let write = ann.card(&board, "x");
        let (codes, _) = tokio::join!(flood, write);
        let expected = if token == "bad" { 4403 } else { 4429 };
        // 1006: the connection was reset while the client still sent.
        assert!(codes.iter().all(|code| [expected, 1006].contains(code)), "{codes:?}");
        bystander.news("1").await;
        eventually!("places are given back", {
            let sockets = join_all((0..50).map(|_| Socket::try_connect(&small, &[PROTOCOL])));
            sockets.await.iter().all(Result::is_ok)
        });
    }
    small.stop().await;
}

async fn streams_are_limited(server: Arc<Server>) {
    let settings = [
        ("LIVE_MAX_STREAMS", "6"),
        ("LIVE_MAX_STREAMS_PER_ADDRESS", "4"),
        ("LIVE_MAX_STREAMS_PER_USER", "2"),
        ("LIVE_MAX_OPERATIONS", "2"),
        ("TRUSTED_PROXIES", "1"),
    ];
    let small = Arc::new(server.another(&settings).await);
    let ann = small.user("ann").await;
    let board = ann.board("Plans").await;
    let mut socket = Socket::of(&ann).await;
    for id in ["1", "2"] {
        socket.follow(id, &board, None, FOLLOW).await;
        socket.news(id).await;
    }
    socket.follow("3", &board, None, FOLLOW).await;
    let refused = socket.message_of("3").await;
    assert_eq!(refused["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    // Of one user: a socket and an event stream.
    let events = event_stream(&ann, &board).await;
    let mut third = Socket::with_protocol(&small).await;
    let payload = json!({ "authorization": format!("Bearer {}", ann.token) });
    third.send(json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(third.receive().await.code(), 1013);
    drop(third);
    let another = "subscription { viewerBoards { reset } }";
    assert_eq!(ask_for_events(&ann, another, json!({})).await.status(), 503);
    // Of one address: four, of which two are there.
    let from = |address: &'static str| [PROTOCOL, ("x-forwarded-for", address)];
    let connect = async |address| Socket::try_connect(&small, &from(address)).await;
    let mut open = Vec::new();
    eventually!("places are given back", {
        if let Ok(socket) = connect("127.0.0.1").await {
            open.push(socket);
        }
        open.len() == 2
    });
    let refused = connect("127.0.0.1").await.unwrap_err();
    assert_eq!(refused, 503);
    open.push(connect("192.0.2.1").await.unwrap());
    open.push(connect("192.0.2.2").await.unwrap());
    assert_eq!(connect("192.0.2.3").await.err(), Some(503));
    drop((open, socket, events));
    // All addresses of one /64 network of IPv6 are one client.
    let mut network = Vec::new();
    eventually!("places are given back", {
        let address = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4"][network.len()];
        network.extend(connect(address).await);
        network.len() == 4
    });
    assert_eq!(connect("2001:db8::5").await.err(), Some(503));
    network.push(connect("2001:db8:0:1::5").await.unwrap());
    drop(network);
    eventually!("places are given back", connect("192.0.2.3").await.is_ok());
    small.stop().await;
}

/// Each keeps its connection.
async fn event_streams_leave_connections_for_requests(server: Arc<Server>) {
    let small = Arc::new(server.another(&[("HTTP_MAX_CONNECTIONS", "4")]).await);
    let ann = small.user("ann").await;
    let board = ann.board("Plans").await;
    let streams = [event_stream(&ann, &board).await, event_stream(&ann, &board).await];
    let query = "subscription { viewerBoards { reset } }";
    assert_eq!(ask_for_events(&ann, query, json!({})).await.status(), 503);
    assert_eq!(ann.get("{ viewer { id } }").await["viewer"]["id"], ann.id.as_str());
    drop(streams);
    eventually!(
        "places are given back",
        ask_for_events(&ann, query, json!({})).await.status() == 200
    );
    small.stop().await;
}

async fn slow_readers_do_not_hold_up_others(server: Arc<Server>) {
    let settings = [("HTTP_WRITE_SECONDS", "2"), ("LIVE_MAX_WAITING_KIB", "1")];
    let quick = Arc::new(server.another(&settings).await);
    let ann = quick.user("ann").await;
    let board = ann.board("Plans").await;
    let long = "x".repeat(20_000);
    let input = json!({ "boardId": board, "description": long });
    ann.done("updateBoard", input, "board { id }").await;
    let payload = "sequence board { a: description b: description c: description d: description }";
    let mut slow = Vec::new();
    for _ in 0..10 {
        let mut socket = Socket::of(&ann).await;
        for id in ["1", "2", "3", "4"] {
            socket.follow(id, &board, None, payload).await;
        }
        slow.push(socket);
    }
    let mut reader = Socket::following(&ann, &board, FOLLOW).await;
    for n in 0..100 {
        ann.card(&board, &format!("card {n}")).await;
        let mut sequence = 0;
        while sequence < n + 3 {
            sequence = reader.news("1").await["sequence"].as_i64().unwrap();
        }
    }
    // They did not read 80 kB a hundred times, for longer than the limit.
    tokio::time::sleep(Duration::from_secs(4)).await;
    for mut socket in slow {
        loop {
            match socket.receive().await {
                Received::Message(_) => {}
                Received::Closed(code) => break assert_eq!(code, 1006),
            }
        }
    }
    quick.stop().await;
}

async fn event_streams_have_a_heartbeat(server: Arc<Server>) {
    let quick = Arc::new(server.another(&[("LIVE_PING_SECONDS", "1")]).await);
    let ann = quick.user("ann").await;
    let board = ann.board("Plans").await;
    let mut events = event_stream(&ann, &board).await;
    assert_eq!(events.next().await, Some((String::new(), Value::Null)));
    quick.stop().await;
}
