//! Compression of responses.

use std::convert::Infallible;
use std::future::ready;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, Request, Response, header};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

/// The size in bytes above which a response is compressed.
const MIN_BYTES: u64 = 1024;

/// Compresses a large response if the client accepts it, at the fastest level: 1.5 ms for 250 kB of cards
/// (the default level takes five times as long to save 8 kB more). Callers must not pass responses that
/// hold tokens. Not a layer around all routes, which would cost small responses 3 % of their
/// instructions.
pub(super) async fn compress(headers: &HeaderMap, answer: Response<Body>) -> Response<Body> {
    if size(&answer) <= MIN_BYTES {
        return answer;
    }
    let mut request = Request::new(());
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().cloned();
    request.headers_mut().extend(accepted.map(|value| (header::ACCEPT_ENCODING, value)));
    let layer = CompressionLayer::new().quality(CompressionLevel::Fastest);
    let mut answer = Some(answer);
    let service =
        service_fn(move |_| ready(Ok::<_, Infallible>(answer.take().unwrap_or_default())));
    let service = ServiceBuilder::new().layer(layer).service(service);
    // Boxed, because few responses are large, but the futures of all requests would be.
    let compressed = Box::pin(service.oneshot(request)).await;
    compressed.unwrap_or_else(|never| match never {}).map(Body::new)
}

/// The least size of a response; of one that is read from a file, only its header tells it.
fn size(answer: &Response<Body>) -> u64 {
    let length = answer.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    length.unwrap_or_else(|| answer.body().size_hint().lower())
}
