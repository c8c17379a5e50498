//! The end of a server: it is not ready, it serves, it closes, and it waits.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::support::{
    Events, Lock, Process, Server, Socket, User, ask_for_events, checks, eventually, kanban,
    scenarios,
};

scenarios![
    a_server_that_is_told_to_stop_is_not_ready_but_serves,
    streams_end_after_the_delay,
    a_long_request_is_awaited,
    a_mutation_on_a_socket_is_awaited,
    a_socket_begins_nothing_new_after_the_stop,
    the_wait_for_requests_is_limited,
    what_was_received_is_answered,
    a_request_of_which_a_part_was_received_is_answered,
];
checks![what_waits_in_the_kernel_is_answered, a_second_signal_stops_at_once];

/// Longer than any test.
const FOR_EVER: &str = "3600";

/// A connection that is kept open.
struct Line(BufReader<TcpStream>);

impl Line {
    async fn open(server: &Server) -> Self {
        let address = server.url.trim_start_matches("http://");
        Self(BufReader::new(TcpStream::connect(address).await.unwrap()))
    }

    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    async fn get(&mut self, path: &str) -> String {
        self.send(&get(path)).await;
        self.answer().await
    }

    /// The head and the body of the next answer; empty if there is none.
    async fn answer(&mut self) -> String {
        let mut answer = String::new();
        while !answer.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut answer).await.unwrap_or(0) == 0 {
                return String::new();
            }
        }
        let length = answer.split("content-length: ").nth(1).unwrap();
        let mut body = vec![0; length.split("\r\n").next().unwrap().parse().unwrap()];
        self.0.read_exact(&mut body).await.unwrap();
        answer + std::str::from_utf8(&body).unwrap()
    }

    /// Whether the server has closed the connection. Waits for it.
    async fn is_closed(&mut self) -> bool {
        self.0.read(&mut [0]).await.is_ok_and(|count| count == 0)
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

fn closes(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 200 ") && answer.contains("\r\nconnection: close\r\n")
}

/// The same user at another instance.
fn at(server: &Arc<Server>, user: &User) -> User {
    User { server: Arc::clone(server), ..user.clone() }
}

async fn status(server: &Server, path: &str) -> u16 {
    let response = reqwest::get(format!("{}{path}", server.url)).await;
    response.map_or(0, |response| response.status().as_u16())
}

async fn a_server_that_is_told_to_stop_is_not_ready_but_serves(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ending = Arc::new(server.another(&[("SHUTDOWN_DELAY_SECONDS", FOR_EVER)]).await);
    let ann = at(&ending, &ann);
    let mut old = Line::open(&ending).await;
    let mut silent = Line::open(&ending).await;
    assert!(!closes(&old.get("/readyz").await));
    let mut socket = Socket::following(&ann, &board, "sequence").await;
    ending.signal();
    eventually!("it is still ready", status(&ending, "/readyz").await == 503);
    assert_eq!(status(&ending, "/livez").await, 200);
    // Each connection serves one more request.
    assert!(closes(&old.get("/livez").await) && old.is_closed().await);
    assert!(closes(&silent.get("/livez").await) && silent.is_closed().await);
    let mut new = Line::open(&ending).await;
    assert!(closes(&new.get("/graphql?query=%7B__typename%7D").await) && new.is_closed().await);
    ann.card(&board, "in the meantime").await;
    // Streams go on, and new ones begin.
    assert_eq!(socket.news("1").await["sequence"], 2);
    Socket::following(&ann, &board, "sequence").await;
    ending.stop().await;
}

async fn streams_end_after_the_delay(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ending = Arc::new(server.another(&[("SHUTDOWN_DELAY_SECONDS", "1")]).await);
    let ann = at(&ending, &ann);
    let mut socket = Socket::following(&ann, &board, "sequence").await;
    let query = format!("subscription {{ boardEvents(boardId: {board:?}) {{ sequence }} }}");
    let mut events = Events::of(ask_for_events(&ann, &query, json!({})).await);
    assert_eq!(events.next().await.unwrap().0, "next");
    let mut idle = Line::open(&ending).await;
    idle.get("/livez").await;
    ending.signal();
    assert_eq!(socket.receive().await.code(), 1012);
    assert_eq!(events.next().await, None);
    assert!(idle.is_closed().await);
    ending.stop_gracefully().await;
    assert_eq!(status(&ending, "/livez").await, 0);
}

/// A server with a request that waits for the lock.
async fn long_request(
    server: &Arc<Server>,
    settings: &[(&str, &str)],
) -> (Arc<Server>, Lock, Line) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let settings = [&[("DATABASE_WAIT_SECONDS", "60")], settings].concat();
    let ending = Arc::new(server.another(&settings).await);
    let mut lock = Lock::take(server).await;
    let line = begin_long_request(&at(&ending, &ann), &board).await;
    lock.wait_for_others(1).await;
    (ending, lock, line)
}

/// Sends a mutation that waits for the lock of the test.
async fn begin_long_request(user: &User, board: &str) -> Line {
    let mut line = Line::open(&user.server).await;
    let query = format!(
        "mutation {{ createCard(input: {{ boardId: {board:?}, card: {{ title: \"x\" }} }}) {{ card {{ title }} }} }}"
    );
    let body = json!({ "query": query }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        user.token,
        body.len()
    );
    line.send(&(head + &body)).await;
    line
}

async fn stop_listening(server: &Server) {
    server.signal();
    eventually!("it still listens", status(server, "/livez").await == 0);
}

async fn a_long_request_is_awaited(server: Arc<Server>) {
    let (ending, lock, mut line) = long_request(&server, &[]).await;
    stop_listening(&ending).await;
    lock.release().await;
    let answer = line.answer().await;
    assert!(closes(&answer) && answer.contains(r#""title":"x""#), "{answer}");
    ending.stop_gracefully().await;
}

const RENAME: &str = "mutation($b: ID!, $t: String!) {
    updateBoard(input: { boardId: $b, title: $t }) { board { title } } }";

/// A board, and its user at a server that was told to stop while a mutation on a socket waits for the lock.
async fn stop_during_a_mutation(server: &Arc<Server>) -> (String, User, Socket, Lock) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ending = Arc::new(server.another(&[("DATABASE_WAIT_SECONDS", "60")]).await);
    let ann = at(&ending, &ann);
    let mut following = Socket::following(&ann, &board, "sequence").await;
    let mut socket = Socket::of(&ann).await;
    let mut lock = Lock::take(server).await;
    socket.subscribe("m", RENAME, json!({ "b": board, "t": "Past" })).await;
    lock.wait_for_others(1).await;
    ending.signal();
    assert_eq!(following.receive().await.code(), 1012);
    (board, ann, socket, lock)
}

async fn a_mutation_on_a_socket_is_awaited(server: Arc<Server>) {
    let (_, ann, mut socket, lock) = stop_during_a_mutation(&server).await;
    // All sockets without a mutation end within two seconds.
    tokio::time::sleep(Duration::from_secs(2)).await;
    lock.release().await;
    assert_eq!(socket.next("m").await["updateBoard"]["board"]["title"], "Past");
    assert_eq!(socket.message_of("m").await["type"], "complete");
    assert_eq!(socket.receive().await.code(), 1012);
    ann.server.stop_gracefully().await;
}

/// Else a client whose requests overlap would hold the server up until SHUTDOWN_SECONDS.
async fn a_socket_begins_nothing_new_after_the_stop(server: Arc<Server>) {
    let (board, ann, mut socket, lock) = stop_during_a_mutation(&server).await;
    socket.subscribe("q", "{ viewer { id } }", json!({})).await;
    socket.subscribe("n", RENAME, json!({ "b": board, "t": "Late" })).await;
    socket.follow("s", &board, None, "sequence").await;
    assert!(socket.is_quiet().await, "it still begins operations");
    lock.release().await;
    assert_eq!(socket.receive().await.message()["type"], "next");
    assert_eq!(socket.receive().await.message(), json!({ "id": "m", "type": "complete" }));
    assert_eq!(socket.receive().await.code(), 1012);
    let query = format!("{{ board(id: {board:?}) {{ title }} }}");
    assert_eq!(at(&server, &ann).get(&query).await["board"]["title"], "Past");
    ann.server.stop_gracefully().await;
}

async fn the_wait_for_requests_is_limited(server: Arc<Server>) {
    let (ending, lock, mut line) = long_request(&server, &[("SHUTDOWN_SECONDS", "1")]).await;
    ending.stop_gracefully().await;
    // If the server waited longer, the request would be answered with an error.
    assert_eq!(line.answer().await, "");
    lock.release().await;
}

/// On loopback, what was written has been received, though the server may not have read it, or accepted the connection.
async fn what_was_received_is_answered(server: Arc<Server>) {
    for _ in 0..5 {
        let ending = server.another(&[]).await;
        let mut lines = Vec::new();
        for _ in 0..50 {
            let mut line = Line::open(&ending).await;
            line.get("/livez").await;
            lines.push(line);
        }
        let mut new = Vec::new();
        for _ in 0..50 {
            let mut line = Line::open(&ending).await;
            line.send(&get("/livez")).await;
            new.push(line);
        }
        for line in &mut lines {
            line.send(&get("/livez")).await;
        }
        lines.append(&mut new);
        ending.signal();
        for (number, line) in lines.iter_mut().enumerate() {
            let answer = line.answer().await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{number}: {answer:?}");
        }
        ending.stop_gracefully().await;
    }
}

async fn a_request_of_which_a_part_was_received_is_answered(server: Arc<Server>) {
    let ending = server.another(&[]).await;
    let request = get("/livez");
    let (start, rest) = request.split_at(20);
    let mut lines = [Line::open(&ending).await, Line::open(&ending).await];
    lines[0].get("/livez").await;
    for line in &mut lines {
        line.send(start).await;
    }
    stop_listening(&ending).await;
    for mut line in lines {
        line.send(rest).await;
        assert!(closes(&line.answer().await) && line.is_closed().await);
    }
    ending.stop_gracefully().await;
}

/// With one thread, the server cannot read anything between the last write of the test and the signal.
async fn what_waits_in_the_kernel_is_answered() {
    let work = async {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}/kanban.db", folder.path().display());
        let server = Server::start(url).await;
        let mut lines = Vec::new();
        for _ in 0..20 {
            let mut line = Line::open(&server).await;
            line.get("/livez").await;
            lines.push(line);
        }
        for line in &lines {
            let request = get("/livez");
            assert_eq!(line.0.get_ref().try_write(request.as_bytes()).unwrap(), request.len());
        }
        server.signal();
        for mut line in lines {
            assert!(closes(&line.answer().await));
        }
        server.stop_gracefully().await;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::thread::spawn(move || runtime.block_on(work)).join().unwrap();
}

async fn a_second_signal_stops_at_once() {
    for signal in ["-TERM", "-INT"] {
        let folder = TempDir::new().unwrap();
        let mut command = kanban(folder.path());
        command.env("SHUTDOWN_DELAY_SECONDS", FOR_EVER);
        let mut process = Process::start(command).await;
        process.signal("-TERM");
        let url = format!("{}/readyz", process.url);
        eventually!("it is still ready", reqwest::get(&url).await.unwrap().status() == 503);
        process.signal(signal);
        assert_eq!(process.ended().await.code(), Some(1));
        assert!(process.log().contains("a second signal"), "{}", process.log());
    }
}
