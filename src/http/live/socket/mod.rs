//! One WebSocket: `graphql-transport-ws`.
//!
//! One task reads, writes and begins the operations. While it writes to a client that does not read, it begins no more,
//! so that client gets no more work done; `tokio_io_timeout` ends the write.

mod end;
mod operations;
mod pulse;
mod wire;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::stream::{AbortHandle, BoxStream, SelectAll, StreamExt};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{self, Message as Received};

use self::end::{End, broken, closed};
use self::pulse::Pulse;
use self::wire::{WebSocket, Wire};
use super::operation::Output;
use super::protocol::{self, Close, Message};
use super::slots::Slot;
use super::token::{self, Ending, Token};
use super::{LINGER, Place};
use crate::domain::{Client, UserKey};
use crate::graphql::{UserWaiting, Waiting};
use crate::http::State;
use crate::metrics::{self, Limit};

/// An open WebSocket.
pub(super) struct Socket {
    state: State,
    client: Client,
    request_id: String,
    wire: Wire,
    place: Place,
    pulse: Pulse,
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

impl Socket {
    pub(super) fn new(
        state: State,
        client: Client,
        request_id: String,
        socket: WebSocket,
        place: Place,
    ) -> Self {
        let waiting = Waiting::new(state.settings.live.waiting, Arc::default());
        let pulse = Pulse::new(state.settings.live.ping_time);
        Self {
            state,
            client,
            request_id,
            wire: Wire(socket),
            place,
            pulse,
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
    pub(super) async fn run(mut self, knows_protocol: bool, authorization: Option<String>) {
        let end = if knows_protocol {
            self.serve(authorization).await.err().unwrap_or(End::Lost)
        } else {
            End::Close(Close::NO_PROTOCOL)
        };
        metrics::get().live.ends.of(end.reason()).inc();
        match end {
            End::Close(close) => {
                if close != Close::RESTART {
                    tracing::info!(
                        code = close.code,
                        reason = close.reason,
                        "a WebSocket was closed"
                    );
                }
                self.close(close).await;
            }
            // The library answers the close frame while it reads.
            End::Left => drop(timeout(LINGER, self.drain()).await),
            End::Lost | End::Silent => {}
        }
    }

    async fn serve(&mut self, mut authorization: Option<String>) -> Result<(), End> {
        let init = Instant::now() + self.state.settings.live.init_time;
        loop {
            tokio::select! {
                () = &mut self.ending => {
                    self.ending = token::never();
                    let _ = timeout(LINGER, self.answer_rest()).await;
                    return Err(Close::FORBIDDEN.into());
                }
                () = self.place.stopping.due(), if self.may_stop() => return Err(Close::RESTART.into()),
                Some((id, output)) = self.operations.next() => self.answer(&id, output).await?,
                message = self.wire.receive() => {
                    self.pulse.read();
                    match message {
                        Some(Ok(Received::Text(text))) => {
                            self.receive(&text, &mut authorization).await?;
                        }
                        Some(Ok(Received::Binary(_))) => return Err(Close::BINARY.into()),
                        Some(Ok(Received::Ping(_) | Received::Pong(_))) => {}
                        Some(Ok(Received::Close(_))) => return Err(End::Left),
                        // A reader returns no frames.
                        Some(Ok(Received::Frame(_))) | None => return Err(End::Lost),
                        Some(Err(error)) => return Err(broken(&error)),
                    }
                }
                () = sleep_until(init), if !self.is_acknowledged => {
                    return Err(Close::NO_INIT.into());
                }
                () = self.pulse.due() => {
                    if !self.pulse.beat(Instant::now()) {
                        return Err(End::Silent);
                    }
                    self.send(async |wire| wire.ping().await).await?;
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
            // The socket will be closed, and the client tries again elsewhere.
            Message::Subscribe { .. } if self.place.stopping.hurry() => Ok(()),
            Message::Subscribe { id, request } => {
                self.subscribe(protocol::quoted(&id).into(), request).await
            }
            Message::Complete { id } => {
                self.stop(&protocol::quoted(&id));
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

    async fn send_text(&mut self, text: String) -> Result<(), End> {
        self.send(async move |wire| wire.send_text(text).await).await
    }

    /// A client that reads slowly does not outlive its token, or the server.
    async fn send(
        &mut self,
        send: impl AsyncFnOnce(&mut Wire) -> Result<(), tungstenite::Error>,
    ) -> Result<(), End> {
        let (may_stop, since) = (self.may_stop(), Instant::now());
        tokio::select! {
            biased;
            sent = send(&mut self.wire) => sent.map_err(|_| End::Lost)?,
            () = &mut self.ending => return Err(Close::FORBIDDEN.into()),
            () = self.place.stopping.due(), if may_stop => return Err(Close::RESTART.into()),
        }
        self.pulse.wrote(since, Instant::now());
        Ok(())
    }

    /// Reads until the client has closed the connection.
    async fn drain(&mut self) {
        while let Some(Ok(_)) = self.wire.receive().await {}
    }

    /// Sends a close frame, and waits until the client has seen it.
    async fn close(&mut self, close: Close) {
        self.operations.clear();
        let ending = async {
            if self.wire.close(close).await.is_ok() {
                self.drain().await;
            }
        };
        let _ = timeout(LINGER, ending).await;
    }
}
