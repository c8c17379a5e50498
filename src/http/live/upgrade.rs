//! The handshake of WebSockets.

use std::net::IpAddr;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::{Instrument, Span};

use super::protocol;
use super::socket::Socket;
use crate::http::refusal::Refusal;
use crate::http::{State, client, request_id};
use crate::metrics::Stream;

/// The buffers of a WebSocket, in bytes. The defaults of the library are 128 KiB for each direction.
const BUFFER: usize = 4096;

/// Whether a request asks for a WebSocket.
pub(in crate::http) fn is_upgrade(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE);
    upgrade.is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Accepts a WebSocket. `Origin` is not checked: a page of another site has no access token to send.
pub(in crate::http) async fn upgrade(state: State, peer: IpAddr, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let headers = parts.headers;
    let client = client::client(&headers, peer, state.settings.trusted_proxies);
    let address = client.address.unwrap_or(peer);
    let place = match state.live.enter(address, Stream::WebSocket) {
        Ok(place) => place,
        Err(refusal) => return refusal.into_answer(None),
    };
    let Ok(authorization) = client::authorization(&headers) else {
        return Refusal::new(StatusCode::BAD_REQUEST, client::NOT_BEARER).into_answer(None);
    };
    let limits = state.settings.live;
    let id = request_id::of(&headers).to_owned();
    let span = Span::current();
    upgrade
        .protocols([protocol::NAME])
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(limits.message)
        .max_frame_size(limits.message)
        .on_upgrade(move |socket| {
            Socket::new(state, client, id, socket, place).run(authorization).instrument(span)
        })
}
