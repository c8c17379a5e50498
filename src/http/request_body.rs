//! Reads the body of a request.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;

use super::refusal::Refusal;

/// How long a client that sends too much may go on doing so.
const LINGER: Duration = Duration::from_secs(5);

/// The whole body, of so many bytes at most. One that says at its start that it has more is not read.
pub(super) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > limit as u64 {
        // Who has asked first whether to send it does not.
        if !headers.contains_key(header::EXPECT) {
            tokio::spawn(tokio::time::timeout(LINGER, discard(body)));
        }
        return Err(too_large(limit));
    }
    let mut request = Request::new(body);
    DefaultBodyLimit::max(limit).apply(&mut request);
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(limit),
        _ => Refusal::bad_request("The body cannot be read."),
    })
}

/// Takes what is sent, so that a client which sends all before it reads gets its answer: a connection that
/// is closed before that is reset.
async fn discard(body: Body) {
    let mut pieces = body.into_data_stream();
    while let Some(Ok(_)) = pieces.next().await {}
}

fn too_large(limit: usize) -> Refusal {
    let message = format!("The body is larger than {} KiB.", limit / 1024);
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}
