//! Reads the body of a request.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;

use super::refusal::Refusal;

/// How long the rest of a body that is too large is read and discarded.
const LINGER: Duration = Duration::from_secs(5);

/// Reads the whole body, at most `limit` bytes; PAYLOAD_TOO_LARGE (413) if it has more. A body whose
/// announced length exceeds the limit is not read.
pub(super) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > limit as u64 {
        // A client that sent `Expect` waits for the response before it sends the body.
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

/// Reads and drops the body, so that a client that reads only after it has sent everything gets the
/// response. If the connection were closed earlier, it would be reset.
async fn discard(body: Body) {
    let mut pieces = body.into_data_stream();
    while let Some(Ok(_)) = pieces.next().await {}
}

fn too_large(limit: usize) -> Refusal {
    let message = format!("The body is larger than {} KiB.", limit / 1024);
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}
