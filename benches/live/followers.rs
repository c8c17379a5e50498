//! Subscribers, and the times of what they get.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::{SinkExt, StreamExt, stream};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::client::{Board, Client};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const QUERY: &str = "subscription($b: ID!) { boardEvents(boardId: $b) { sequence reset
    events { __typename sequence createdAt ... on CardUpdatedEvent { card { id title column rank version } } } } }";

/// Open sockets that follow boards.
#[derive(Default)]
pub struct Followers {
    tasks: Mutex<JoinSet<()>>,
    /// The times from an event to its arrival, in milliseconds.
    times: Arc<Mutex<Vec<f64>>>,
    is_silent: bool,
}

impl Followers {
    /// Followers who do not read.
    pub fn silent() -> Self {
        Self { is_silent: true, ..Self::default() }
    }

    /// Adds `each` followers to each board.
    pub async fn add(&self, address: &str, client: &Client, boards: &[Board], each: usize) {
        let all = boards.iter().flat_map(|board| std::iter::repeat_n(board, each));
        let opened = stream::iter(all).map(|board| open(address, &client.token, &board.id));
        let mut opened = opened.buffer_unordered(32);
        while let Some(socket) = opened.next().await {
            let (times, is_silent) = (Arc::clone(&self.times), self.is_silent);
            self.tasks.lock().unwrap().spawn(async move {
                if is_silent {
                    let _socket = socket;
                    std::future::pending::<()>().await;
                } else {
                    read(socket, &times).await;
                }
            });
        }
    }

    /// Waits for the deliveries and prints their times. Returns the deliveries per CPU second of the server.
    pub async fn report(&self, expected: usize, cpu: Duration, own: Duration) -> f64 {
        let all = async {
            while self.times.lock().unwrap().len() < expected {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let complete = timeout(Duration::from_secs(10), all).await.is_ok();
        let mut times = std::mem::take(&mut *self.times.lock().unwrap());
        times.sort_by(f64::total_cmp);
        let part = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
        let rate = times.len() as f64 / cpu.as_secs_f64();
        println!(
            "{} of {expected} events{}: p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms; CPU: server {:.2} s, clients {:.2} s; {rate:.0} deliveries per CPU second",
            times.len(),
            if complete { "" } else { " (not complete)" },
            part(0.5),
            part(0.99),
            part(1.0),
            cpu.as_secs_f64(),
            own.as_secs_f64(),
        );
        rate
    }
}

async fn open(address: &str, token: &str, board: &str) -> Socket {
    let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
    let protocol = "graphql-transport-ws".parse().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let (mut socket, _) = connect_async(request).await.unwrap();
    let authorization = json!({ "authorization": format!("Bearer {token}") });
    let init = json!({ "type": "connection_init", "payload": authorization });
    let subscription = json!({ "query": QUERY, "variables": { "b": board } });
    let subscribe = json!({ "id": "1", "type": "subscribe", "payload": subscription });
    for message in [init, subscribe] {
        socket.send(Message::Text(message.to_string().into())).await.unwrap();
    }
    for _ in 0..2 {
        socket.next().await.unwrap().unwrap();
    }
    socket
}

async fn read(mut socket: Socket, times: &Mutex<Vec<f64>>) {
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let now = Utc::now();
        for event in text.split("\"createdAt\":\"").skip(1) {
            let time = event.split('"').next().unwrap();
            let time: DateTime<Utc> = time.parse().unwrap();
            let micros = (now - time).num_microseconds().unwrap();
            times.lock().unwrap().push(micros as f64 / 1000.0);
        }
    }
}
