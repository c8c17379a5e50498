//! A client of `graphql-transport-ws`.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Server, User, text};

/// Longer than anything that a test waits for takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// An open WebSocket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Messages that were read while a test waited for another one.
    read: VecDeque<Value>,
}

/// What a server sends.
#[derive(Debug, PartialEq)]
pub enum Received {
    Message(Value),
    /// The close code, or 1006 if the connection ended without one.
    Closed(u16),
}

impl Received {
    #[track_caller]
    pub fn message(self) -> Value {
        match self {
            Self::Message(message) => message,
            Self::Closed(code) => panic!("closed with {code}"),
        }
    }

    #[track_caller]
    pub fn code(self) -> u16 {
        match self {
            Self::Closed(code) => code,
            Self::Message(message) => panic!("not closed: {message}"),
        }
    }
}

impl Socket {
    /// Connects without any message.
    pub async fn connect(server: &Server, headers: &[(&str, &str)]) -> Self {
        Self::try_connect(server, headers).await.unwrap()
    }

    /// The same; the status of a handshake that is refused, or 0 if the client does not accept the subprotocol.
    pub async fn try_connect(server: &Server, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let url = format!("{}/graphql", server.url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            let name: header::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self { stream, read: VecDeque::new() }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(Error::Protocol(_)) => Err(0),
            Err(error) => panic!("{error}"),
        }
    }

    /// Connects with the subprotocol.
    pub async fn with_protocol(server: &Server) -> Self {
        Self::connect(server, &[("sec-websocket-protocol", "graphql-transport-ws")]).await
    }

    /// Connects and logs in.
    pub async fn of(user: &User) -> Self {
        let mut socket = Self::with_protocol(&user.server).await;
        socket.init(json!({ "authorization": format!("Bearer {}", user.token) })).await;
        socket
    }

    /// Connects, logs in and follows a board as operation `1`, up to the first payload.
    pub async fn following(user: &User, board: &str, payload: &str) -> Self {
        let mut socket = Self::of(user).await;
        socket.follow("1", board, None, payload).await;
        socket.news("1").await;
        socket
    }

    /// Sends `connection_init` and expects the ack.
    pub async fn init(&mut self, payload: Value) {
        self.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(self.receive().await.message(), json!({ "type": "connection_ack" }));
    }

    pub async fn send(&mut self, message: Value) {
        self.send_text(message.to_string()).await;
    }

    pub async fn send_text(&mut self, text: String) {
        self.try_send_text(text).await.unwrap();
    }

    /// Sends a text, unless the server has closed the connection.
    pub async fn try_send_text(&mut self, text: String) -> Result<(), Error> {
        self.stream.send(Message::Text(text.into())).await
    }

    pub async fn send_frame(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// The next message, or the end of the connection.
    pub async fn receive(&mut self) -> Received {
        match self.read.pop_front() {
            Some(message) => Received::Message(message),
            None => self.read().await,
        }
    }

    /// Waits until something has arrived, and does not read it.
    pub async fn arrival(&self) {
        let MaybeTlsStream::Plain(stream) = self.stream.get_ref() else { panic!("encrypted") };
        stream.peek(&mut [0]).await.unwrap();
    }

    async fn read(&mut self) -> Received {
        loop {
            let message = timeout(PATIENCE, self.stream.next()).await.expect("nothing was sent");
            match message {
                Some(Ok(Message::Text(text))) => {
                    return Received::Message(serde_json::from_str(&text).unwrap());
                }
                Some(Ok(Message::Close(frame))) => {
                    return Received::Closed(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Received::Closed(1006),
            }
        }
    }

    /// Begins an operation.
    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.send(json!({ "id": id, "type": "subscribe", "payload": payload })).await;
    }

    /// The next message of one operation.
    pub async fn message_of(&mut self, id: &str) -> Value {
        if let Some(place) = self.read.iter().position(|message| message["id"] == id) {
            return self.read.remove(place).unwrap();
        }
        loop {
            let message = self.read().await.message();
            if message["id"] == id {
                return message;
            }
            self.read.push_back(message);
        }
    }

    /// The data of the next payload of an operation. Expects no errors.
    pub async fn next(&mut self, id: &str) -> Value {
        let message = self.message_of(id).await;
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"].get("errors").is_none(), "{message}");
        message["payload"]["data"].clone()
    }

    /// Follows a board.
    pub async fn follow(&mut self, id: &str, board: &str, after: Option<i64>, payload: &str) {
        let query = format!(
            "subscription($board: ID!, $after: Int) {{
               boardEvents(boardId: $board, afterSequence: $after) {{ {payload} }} }}"
        );
        self.subscribe(id, &query, json!({ "board": board, "after": after })).await;
    }

    /// The next payload of `boardEvents`.
    pub async fn news(&mut self, id: &str) -> Value {
        self.next(id).await["boardEvents"].take()
    }

    /// Whether nothing arrives while the server answers a ping.
    pub async fn is_quiet(&mut self) -> bool {
        self.send(json!({ "type": "ping" })).await;
        self.receive().await.message() == json!({ "type": "pong" })
    }
}

/// Sends a request that accepts an event stream only.
pub async fn ask_for_events(user: &User, query: &str, variables: Value) -> reqwest::Response {
    let body = json!({ "query": query, "variables": variables });
    let request = user.server.http.post(format!("{}/graphql", user.server.url)).json(&body);
    request.bearer_auth(&user.token).header("accept", "text/event-stream").send().await.unwrap()
}

/// Reads Server-Sent Events.
pub struct Events {
    response: reqwest::Response,
    rest: String,
}

impl Events {
    pub fn of(response: reqwest::Response) -> Self {
        Self { response, rest: String::new() }
    }

    /// The next event and its data, or `None` at the end of the stream. Comments have the name `""`.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.rest = rest;
                let field = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .unwrap_or_default()
                        .trim()
                };
                let data = serde_json::from_str(field("data:")).unwrap_or_default();
                return Some((field("event:").to_owned(), data));
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("nothing was sent");
            self.rest.push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
        }
    }
}

/// The kinds of the events of a payload.
pub fn kinds(payload: &Value) -> Vec<String> {
    payload["events"].as_array().unwrap().iter().map(|event| text(&event["__typename"])).collect()
}
