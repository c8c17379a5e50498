//! One WebSocket: `graphql-transport-ws`.
//!
//! One task reads, writes and runs the operations. While it writes to a client that does not read, it does nothing else,
//! so that client gets no more work done; `tokio_io_timeout` ends the write.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::ws::{self, CloseFrame, WebSocket};
use futures_util::stream::{AbortHandle, BoxStream, SelectAll, StreamExt, abortable};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::time::{Instant, interval_at, sleep_until, timeout};

use super::operation::{self, Output, Outputs};
use super::protocol::{self, Close, Message};
use super::slots::Slot;
use super::token::{self, Ending, Token};
use super::{LINGER, Place};
use crate::domain::{Client, Error, UserKey, Viewer};
use crate::graphql::{ErrorCode, Operations, Request, UserWaiting, Waiting};
use crate::http::{State, parameters};
use crate::metrics::{self, EndReason, Limit};

/// An open WebSocket.
pub(super) struct Socket {
    state: State,
    client: Client,
    request_id: String,
    socket: WebSocket,
    place: Place,
    is_acknowledged: bool,
    token: Option<Token>,
    ending: Ending,
    #[allow(dead_code, reason = "it is given back on drop")]
    user: Option<Slot<UserKey, Arc<UserWaiting>>>,
    operations: SelectAll<BoxStream<'static, (Arc<str>, Output)>>,
    /// By the ID as JSON.
    running: HashMap<Arc<str>, Running>,
    waiting: Waiting,
}

/// An operation that runs.
struct Running {
    abort: AbortHandle,
    is_subscription: bool,
}

/// Why a socket ends.
enum End {
    /// The connection is lost.
    Lost,
    /// The client has not answered a ping.
    Silent,
    /// The client has sent a close frame.
    Left,
    Close(Close),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

impl End {
    fn reason(&self) -> EndReason {
        match self {
            Self::Lost => EndReason::Lost,
            Self::Silent => EndReason::Silent,
            Self::Left => EndReason::Left,
            Self::Close(Close::RESTART) => EndReason::Shutdown,
            Self::Close(Close::TRY_AGAIN) => EndReason::Unavailable,
            Self::Close(Close::FORBIDDEN | Close::UNAUTHORIZED) => EndReason::Token,
            Self::Close(_) => EndReason::Protocol,
        }
    }
}

impl Socket {
    pub(super) fn new(
        state: State,
        client: Client,
        request_id: String,
        socket: WebSocket,
        place: Place,
    ) -> Self {
        let waiting = Waiting::new(state.settings.live.waiting, Arc::default());
        Self {
            state,
            client,
            request_id,
            socket,
            place,
            is_acknowledged: false,
            token: None,
            ending: token::never(),
            user: None,
            operations: SelectAll::new(),
            running: HashMap::new(),
            waiting,
        }
    }

    /// Serves the socket until it ends. `authorization` is the header of the handshake.
    pub(super) async fn run(mut self, authorization: Option<String>) {
        let end = if self.socket.protocol().is_none() {
            End::Close(Close::NO_PROTOCOL)
        } else {
            self.serve(authorization).await.err().unwrap_or(End::Lost)
        };
        metrics::get().live.ends.of(end.reason()).inc();
        match end {
            End::Close(close) => self.close(close).await,
            // The library answers the close frame while it reads.
            End::Left => drop(timeout(LINGER, self.drain()).await),
            End::Lost | End::Silent => {}
        }
    }

    async fn serve(&mut self, mut authorization: Option<String>) -> Result<(), End> {
        let limits = self.state.settings.live;
        let init = Instant::now() + limits.init_time;
        let mut pings = interval_at(Instant::now() + limits.ping_time, limits.ping_time);
        let mut is_alive = true;
        loop {
            tokio::select! {
                () = &mut self.ending => return Err(Close::FORBIDDEN.into()),
                () = self.place.stopping.due(), if self.may_stop() => return Err(Close::RESTART.into()),
                Some((id, output)) = self.operations.next() => self.answer(&id, output).await?,
                message = self.socket.recv() => {
                    is_alive = true;
                    match message {
                        Some(Ok(ws::Message::Text(text))) => {
                            self.receive(&text, &mut authorization).await?;
                        }
                        Some(Ok(ws::Message::Binary(_))) => return Err(Close::BINARY.into()),
                        Some(Ok(ws::Message::Ping(_) | ws::Message::Pong(_))) => {}
                        Some(Ok(ws::Message::Close(_))) => return Err(End::Left),
                        None => return Err(End::Lost),
                        Some(Err(error)) => return Err(broken(&error)),
                    }
                }
                () = sleep_until(init), if !self.is_acknowledged => {
                    return Err(Close::NO_INIT.into());
                }
                _ = pings.tick() => {
                    if !std::mem::take(&mut is_alive) {
                        return Err(End::Silent);
                    }
                    self.send(ws::Message::Ping(Bytes::new())).await?;
                }
            }
        }
    }

    async fn receive(&mut self, text: &str, authorization: &mut Option<String>) -> Result<(), End> {
        match Message::parse(text)? {
            Message::Init(_) if self.is_acknowledged => Err(Close::INIT_TWICE.into()),
            Message::Init(payload) => {
                let authorization = protocol::authorization(payload)?.or(authorization.take());
                self.log_in(authorization).await?;
                self.is_acknowledged = true;
                self.send_text(protocol::ACK.to_owned()).await
            }
            Message::Ping => self.send_text(protocol::PONG.to_owned()).await,
            Message::Pong => Ok(()),
            Message::Subscribe { .. } | Message::Complete { .. } if !self.is_acknowledged => {
                Err(Close::UNAUTHORIZED.into())
            }
            Message::Subscribe { id, request } => {
                self.subscribe(protocol::quoted(&id).into(), request).await
            }
            Message::Complete { id } => {
                if let Some(operation) = self.running.remove(&*protocol::quoted(&id)) {
                    operation.abort.abort();
                }
                Ok(())
            }
        }
    }

    /// Checks the access token, if there is one.
    async fn log_in(&mut self, authorization: Option<String>) -> Result<(), End> {
        let Some(authorization) = authorization else { return Ok(()) };
        let look = self.state.settings.live.ping_time;
        let token = Token::check_header(&self.state.services, &authorization, look).await;
        let (token, ending) = token.map_err(|error| closed(&error))?;
        let slot = self.state.live.by_user.take(token.viewer().key);
        let slot = slot.ok_or_else(|| {
            metrics::get().accounts.refusals.of(Limit::StreamsPerUser).inc();
            Close::TRY_AGAIN
        })?;
        self.waiting = Waiting::new(self.state.settings.live.waiting, Arc::clone(&slot.shared));
        self.user = Some(slot);
        (self.token, self.ending) = (Some(token), ending);
        Ok(())
    }

    async fn subscribe(&mut self, id: Arc<str>, request: &RawValue) -> Result<(), End> {
        if self.running.contains_key(&id) {
            return Err(Close::DUPLICATE.into());
        }
        if self.running.len() >= self.state.settings.live.operations {
            metrics::get().accounts.refusals.of(Limit::Operations).inc();
            let message = "Too many operations run on this WebSocket.";
            let error = {
                let code = ErrorCode::RateLimited.as_str();
                json!([{ "message": message, "extensions": { "code": code } }])
            };
            return self.send_text(protocol::error(&id, &error.to_string())).await;
        }
        let max_values = self.state.settings.max_values;
        let request = parameters::in_message(request.get().as_bytes(), max_values);
        let request = match request.map_err(|_| Close::BAD_REQUEST)? {
            Ok(request) => request,
            Err(refused) => {
                return self.send_text(protocol::error(&id, &refused.errors_as_json())).await;
            }
        };
        let viewer = match &self.token {
            Some(token) => Some(token.authenticate().await.map_err(|error| closed(&error))?),
            None => None,
        };
        self.start(id, viewer, request);
        Ok(())
    }

    fn start(&mut self, id: Arc<str>, viewer: Option<Viewer>, request: Request) {
        let (state, waiting) = (Arc::clone(&self.state), self.waiting.clone());
        let is_subscription = state.api.is_subscription(&request);
        let caller = state.api.caller(self.client.clone(), Ok(viewer), self.request_id.clone());
        let outputs =
            async move { operation::run(&state, caller, request, Operations::All, &waiting).await };
        let outputs = futures_util::stream::once(outputs).flat_map(|begun| -> Outputs {
            match begun {
                Ok(outputs) => outputs,
                // Only a token is refused like that, and this one was valid.
                Err(answer) => {
                    let refused = Output::Errors(answer.errors_as_json());
                    futures_util::stream::iter([refused]).boxed()
                }
            }
        });
        let key = Arc::clone(&id);
        let (outputs, abort) = abortable(outputs.map(move |output| (Arc::clone(&key), output)));
        self.operations.push(outputs.boxed());
        self.running.insert(id, Running { abort, is_subscription });
    }

    async fn answer(&mut self, id: &Arc<str>, output: Output) -> Result<(), End> {
        if !self.running.contains_key(id) {
            return Ok(());
        }
        let text = match &output {
            Output::Result(json) => protocol::next(id, json),
            Output::Payload(payload) => protocol::next(id, &payload.json),
            Output::Errors(json) => protocol::error(id, json),
            Output::Complete => protocol::complete(id),
            Output::Failed => return Err(Close::TRY_AGAIN.into()),
        };
        if matches!(output, Output::Errors(_) | Output::Complete) {
            self.running.remove(id);
        }
        self.send_text(text).await
    }

    async fn send_text(&mut self, text: String) -> Result<(), End> {
        self.send(ws::Message::Text(text.into())).await
    }

    /// Whether only subscriptions run, which clients resume elsewhere. Queries and mutations are answered first.
    fn may_stop(&self) -> bool {
        self.running.values().all(|running| running.is_subscription)
    }

    /// A client that reads slowly does not outlive its token, or the server.
    async fn send(&mut self, message: ws::Message) -> Result<(), End> {
        let may_stop = self.may_stop();
        tokio::select! {
            sent = self.socket.send(message) => sent.map_err(|_| End::Lost),
            () = &mut self.ending => Err(Close::FORBIDDEN.into()),
            () = self.place.stopping.due(), if may_stop => Err(Close::RESTART.into()),
        }
    }

    /// Reads until the client has closed the connection.
    async fn drain(&mut self) {
        while let Some(Ok(_)) = self.socket.recv().await {}
    }

    /// Sends a close frame, and waits until the client has seen it.
    async fn close(&mut self, Close { code, reason }: Close) {
        self.operations.clear();
        let frame = CloseFrame { code, reason: reason.into() };
        let ending = async {
            if self.socket.send(ws::Message::Close(Some(frame))).await.is_ok() {
                self.drain().await;
            }
        };
        let _ = timeout(LINGER, ending).await;
    }
}

/// Why a socket ends if its token cannot be checked.
fn closed(error: &Error) -> End {
    End::Close(match error {
        Error::Unauthenticated | Error::BadToken { .. } => Close::FORBIDDEN,
        _ => Close::TRY_AGAIN,
    })
}

/// Why a socket ends whose messages cannot be read.
fn broken(error: &axum::Error) -> End {
    use tungstenite::error::CapacityError;
    let error = std::error::Error::source(error).and_then(|error| error.downcast_ref());
    match error {
        Some(tungstenite::Error::Capacity(CapacityError::MessageTooLong { .. })) => {
            Close::TOO_BIG.into()
        }
        Some(tungstenite::Error::Utf8(_)) => Close::NOT_UTF8.into(),
        _ => End::Lost,
    }
}
