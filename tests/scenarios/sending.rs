//! How responses are sent: with and without compression, in chunks, and to clients that do not read.
//! Also request bodies that are too large.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::GzDecoder;
use futures_util::future::{join, join_all};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, VARY};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Server, Socket, User, scenarios};

scenarios![
    large_answers_are_compressed_for_those_who_accept_it,
    tokens_are_never_compressed,
    a_body_that_says_that_it_is_too_large_is_not_read,
    a_client_that_takes_nothing_is_dropped,
    slow_clients_give_way_to_those_who_need_their_memory,
];

/// Sends a body with this `Accept-Encoding` and returns the headers and the undecoded bytes.
async fn post(
    server: &Server,
    token: Option<&str>,
    accept: &str,
    body: &Value,
) -> (HeaderMap, Vec<u8>) {
    let mut request = server.http.post(format!("{}/graphql", server.url)).json(body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.header(ACCEPT_ENCODING, accept).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    (answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
}

fn decompressed(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

async fn large_answers_are_compressed_for_those_who_accept_it(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 1000).await;
    let fields = "id title description rank version createdAt updatedAt board { id title }";
    let query =
        format!("{{ board(id: {board:?}) {{ cards(first: 1000) {{ nodes {{ {fields} }} }} }} }}");
    let body = json!({ "query": query });
    let varies = |headers: &HeaderMap| {
        let all = headers.get_all(VARY).iter().map(|value| value.to_str().unwrap().to_lowercase());
        all.collect::<Vec<_>>().join(", ").contains("accept-encoding")
    };

    let (headers, plain) = post(&server, Some(&ann.token), "identity", &body).await;
    assert!(headers.get(CONTENT_ENCODING).is_none() && varies(&headers), "{headers:?}");
    assert!(plain.len() > 200_000, "{}", plain.len());
    let answer: Value = serde_json::from_slice(&plain).unwrap();
    let nodes = answer["data"]["board"]["cards"]["nodes"].as_array().unwrap();
    assert!(nodes.iter().map(|node| &node["id"]).eq(ids.iter()));
    assert!(
        plain.starts_with(br#"{"data":{"board":{"cards":{"nodes":[{"id":"#),
        "unexpected order of members"
    );

    for accept in ["gzip", "br;q=1, gzip;q=0.5", "*"] {
        let (headers, bytes) = post(&server, Some(&ann.token), accept, &body).await;
        assert_eq!(headers[CONTENT_ENCODING], "gzip", "{accept}");
        assert!(varies(&headers), "{headers:?}");
        assert!(bytes.len() < plain.len() / 4, "{} of {}", bytes.len(), plain.len());
        assert!(decompressed(&bytes) == plain, "{accept}: another answer");
    }
    for accept in ["gzip;q=0", "br", ""] {
        let (headers, bytes) = post(&server, Some(&ann.token), accept, &body).await;
        assert!(headers.get(CONTENT_ENCODING).is_none(), "{accept}");
        assert!(bytes == plain, "{accept}: another answer");
    }

    let small = json!({ "query": "{ viewer { id } }" });
    let (headers, bytes) = post(&server, Some(&ann.token), "gzip", &small).await;
    assert!(headers.get(CONTENT_ENCODING).is_none(), "too small to compress");
    assert_eq!(headers[CONTENT_LENGTH], bytes.len().to_string().as_str());
}

/// The size of a compressed response reveals information about its content (BREACH).
async fn tokens_are_never_compressed(server: Arc<Server>) {
    server.user("ann").await;
    let batches = server.another(&[("GRAPHQL_MAX_BATCH", "2")]).await;
    let tokens = (0..20).map(|n| format!("a{n}: accessToken")).collect::<Vec<_>>().join(" ");
    let log_in = format!(
        r#"mutation {{ logIn(input: {{ email: "ann@example.com", password: "password" }}) {{
            {tokens} refreshToken }} }}"#
    );
    let (headers, bytes) = post(&server, None, "gzip", &json!({ "query": log_in })).await;
    assert!(headers.get(CONTENT_ENCODING).is_none() && bytes.len() > 1024);
    let answer: Value = serde_json::from_slice(&bytes).unwrap();

    let refresh = format!(
        "mutation($t: String!) {{ refreshSession(input: {{ refreshToken: $t }}) {{ ...F }} }}
         fragment F on RefreshSessionPayload {{ {tokens} }}"
    );
    let token = &answer["data"]["logIn"]["refreshToken"];
    let body = json!({ "query": refresh, "variables": { "t": token } });
    let (headers, bytes) = post(&server, None, "gzip", &body).await;
    assert!(headers.get(CONTENT_ENCODING).is_none() && bytes.len() > 1024);

    let other = json!({ "query": "{ __type(name: \"Card\") { fields { name description } } }" });
    let (headers, _) = post(&server, None, "gzip", &other).await;
    assert_eq!(headers[CONTENT_ENCODING], "gzip");
    let batch = json!([other, { "query": log_in }]);
    let (headers, bytes) = post(&batches, None, "gzip", &batch).await;
    assert!(headers.get(CONTENT_ENCODING).is_none());
    assert!(String::from_utf8(bytes).unwrap().contains("refreshToken"));
    let (headers, _) = post(&batches, None, "gzip", &json!([other])).await;
    assert_eq!(headers[CONTENT_ENCODING], "gzip");
    batches.stop().await;
}

/// Connects and sends the head of a request and the given part of its body.
async fn send(server: &Server, more_headers: &str, length: usize, body: &str) -> TcpStream {
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         connection: close\r\n{more_headers}content-length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn a_body_that_says_that_it_is_too_large_is_not_read(server: Arc<Server>) {
    const LENGTH: usize = 1024 * 1024 + 1;
    for more_headers in ["", "expect: 100-continue\r\n"] {
        // The body is never sent, so the response cannot depend on it.
        let mut stream = send(&server, more_headers, LENGTH, "").await;
        let mut answer = Vec::new();
        while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "closed without an answer");
        }
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }
    // A client that sends the whole body before it reads gets the response too, and no connection
    // reset.
    let mut stream = send(&server, "", LENGTH, "").await;
    stream.peek(&mut [0]).await.unwrap();
    for _ in 0..LENGTH / 1024 {
        stream.write_all(&[b' '; 1024]).await.unwrap();
    }
    stream.write_all(b" ").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("The body is larger than 1024 KiB."), "{answer}");
}

/// A query whose response has about 20 MB, more than the socket buffers can hold.
fn much_of(board: &str) -> String {
    let page = |n| format!("a{n}: cards(first: 100) {{ nodes {{ description }} }}");
    let pages = (0..10).map(page).collect::<Vec<_>>().join(" ");
    format!("{{ board(id: {board:?}) {{ {pages} }} }}")
}

/// Sends this query with additional headers.
async fn ask_for_much(ann: &User, board: &str, more_headers: &str) -> TcpStream {
    let body = json!({ "query": much_of(board) }).to_string();
    let headers = format!("authorization: Bearer {}\r\n{more_headers}", ann.token);
    send(&ann.server, &headers, body.len(), &body).await
}

async fn board_with_long_cards(ann: &User) -> String {
    let board = ann.board("Plans").await;
    let card = json!({ "title": "long", "description": "x".repeat(20_000) });
    for _ in 0..2 {
        let input = json!({ "boardId": board, "cards": vec![card.clone(); 50] });
        ann.done("createCards", input, "cards { id }").await;
    }
    board
}

/// Whether this is all of a response that was sent in chunks.
fn is_whole(response: &[u8]) -> bool {
    response.ends_with(b"}\r\n0\r\n\r\n")
}

async fn a_client_that_takes_nothing_is_dropped(server: Arc<Server>) {
    let impatient = Arc::new(server.another(&[("HTTP_WRITE_SECONDS", "1")]).await);
    let ann = impatient.user("ann").await;
    let board = board_with_long_cards(&ann).await;
    let mut taken = Vec::new();
    ask_for_much(&ann, &board, "").await.read_to_end(&mut taken).await.unwrap();
    assert!(taken.len() > 20_000_000 && is_whole(&taken), "{}", taken.len());

    // Longer than one second. How much longer depends on the load of the machine.
    for pause in [3, 10, 30] {
        let mut stream = ask_for_much(&ann, &board, "").await;
        let mut taken = vec![stream.read_u8().await.unwrap()];
        tokio::time::sleep(Duration::from_secs(pause)).await;
        let _ = stream.read_to_end(&mut taken).await;
        if !is_whole(&taken) {
            impatient.stop().await;
            return;
        }
    }
    panic!("the connection of a client that does not read was kept open");
}

/// The memory is enough for one of these responses.
async fn slow_clients_give_way_to_those_who_need_their_memory(server: Arc<Server>) {
    let settings = [("GRAPHQL_MEMORY_MIB", "40"), ("HTTP_WRITE_SECONDS", "60"), ("CACHE_MIB", "0")];
    let patient = async |name: &str| {
        let ann = Arc::new(server.another(&settings).await).user(name).await;
        let board = board_with_long_cards(&ann).await;
        (ann, board)
    };
    let gets_all = async |ann: &User, board: &str| {
        let mut taken = Vec::new();
        ask_for_much(ann, board, "").await.read_to_end(&mut taken).await.unwrap();
        assert!(taken.len() > 20_000_000 && is_whole(&taken), "{}", taken.len());
        ann.server.stop().await;
    };
    let requests = ["", "accept: text/event-stream\r\n"].map(async |headers| {
        let (ann, board) = patient(&format!("ann{}", headers.len())).await;
        let mut slow = ask_for_much(&ann, &board, headers).await;
        slow.peek(&mut [0]).await.unwrap();
        gets_all(&ann, &board).await;
        let mut taken = Vec::new();
        let _ = slow.read_to_end(&mut taken).await;
        assert!(taken.len() < 20_000_000, "{headers}: a client that did not read got all");
    });
    let socket = async {
        let (ann, board) = patient("bob").await;
        let mut slow = Socket::of(&ann).await;
        slow.subscribe("1", &much_of(&board), json!({})).await;
        slow.arrival().await;
        gets_all(&ann, &board).await;
        assert_eq!(slow.receive().await.code(), 1006);
    };
    join(join_all(requests), socket).await;
}
