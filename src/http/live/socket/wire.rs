//! The messages of a WebSocket.

use std::sync::Arc;

use axum::body::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::graphql::Payload;
use crate::http::live::operation::bytes_of;
use crate::http::live::protocol::{self, Close};

/// The maximum length of a part of a payload. The library copies each frame, and keeps the memory of the largest one.
const FRAME: usize = 32 << 10;

pub(in crate::http::live) type WebSocket = WebSocketStream<TokioIo<Upgraded>>;

/// A WebSocket that copies no large message as a whole.
pub(super) struct Wire(pub(super) WebSocket);

impl Wire {
    /// The next message; `None` at the end.
    pub(super) async fn receive(&mut self) -> Option<Result<Message, Error>> {
        self.0.next().await
    }

    /// Sends a short text.
    pub(super) async fn send_text(&mut self, text: String) -> Result<(), Error> {
        self.0.send(Message::Text(text.into())).await
    }

    pub(super) async fn ping(&mut self) -> Result<(), Error> {
        self.0.send(Message::Ping(Bytes::new())).await
    }

    pub(super) async fn close(&mut self, Close { code, reason }: Close) -> Result<(), Error> {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.0.send(Message::Close(Some(frame))).await
    }

    /// Sends `next` with an execution result, in several frames if it is long. All subscribers share its text.
    pub(super) async fn send_next(
        &mut self,
        id: &str,
        payload: &Arc<Payload>,
    ) -> Result<(), Error> {
        if payload.json.len() <= FRAME {
            return self.send_text(protocol::next(id, &payload.json)).await;
        }
        let (before, after) = protocol::around_next(id);
        self.send_frame(before.into(), Data::Text, false).await?;
        let mut rest = bytes_of(payload, None);
        while !rest.is_empty() {
            let part = rest.split_to(rest.len().min(FRAME));
            self.send_frame(part, Data::Continue, false).await?;
        }
        self.send_frame(Bytes::from_static(after.as_bytes()), Data::Continue, true).await
    }

    async fn send_frame(&mut self, part: Bytes, data: Data, is_last: bool) -> Result<(), Error> {
        let frame = Frame::message(part, OpCode::Data(data), is_last);
        self.0.send(Message::Frame(frame)).await
    }
}
