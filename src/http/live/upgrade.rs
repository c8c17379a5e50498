//! The handshake of WebSockets.

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::protocol;
use super::socket::Socket;
use crate::http::refusal::Refusal;
use crate::http::{State, client, request_id};
use crate::metrics::{Stream, work};

/// The read buffer of a WebSocket, in bytes. The default of the library is 128 KiB.
const BUFFER: usize = 4096;

/// Whether a request asks for a WebSocket.
pub(in crate::http) fn is_upgrade(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE);
    upgrade.is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Accepts a WebSocket. `Origin` is not checked: a page of another site has no access token to send.
pub(in crate::http) fn upgrade(state: State, peer: IpAddr, mut request: Request) -> Response {
    let upgraded = hyper::upgrade::on(&mut request);
    let request = request.map(drop);
    let Ok(mut response) = create_response(&request) else {
        let message = "The request is not a WebSocket handshake (version 13).";
        return Refusal::new(StatusCode::BAD_REQUEST, message).into_answer(None);
    };
    let headers = request.headers();
    let client = client::client(headers, peer, state.settings.trusted_proxies);
    let address = client.address.unwrap_or(peer);
    let place = match state.live.enter(address, Stream::WebSocket) {
        Ok(place) => place,
        Err(refusal) => return refusal.into_answer(None),
    };
    let Ok(authorization) = client::authorization(headers) else {
        return Refusal::new(StatusCode::BAD_REQUEST, client::NOT_BEARER).into_answer(None);
    };
    let knows_protocol = asks_for_protocol(headers);
    if knows_protocol {
        let name = HeaderValue::from_static(protocol::NAME);
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, name);
    }
    let id = request_id::of(headers).to_owned();
    let size = Some(state.settings.live.message);
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(size)
        .max_frame_size(size);
    let serve = async move {
        let Ok(upgraded) = upgraded.await else { return };
        let stream = TokioIo::new(upgraded);
        let stream = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
        let socket = Socket::new(state, client, id, stream, place);
        socket.run(knows_protocol, authorization).await;
    };
    tokio::spawn(work::note(work::current(), serve));
    response.map(|()| Body::empty())
}

fn asks_for_protocol(headers: &HeaderMap) -> bool {
    let asked = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let asked = asked.iter().filter_map(|names| names.to_str().ok());
    asked.flat_map(|names| names.split(',')).any(|name| name.trim() == protocol::NAME)
}
