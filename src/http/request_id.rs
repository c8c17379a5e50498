//! The ID of a request, in its response and in every log line about it.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};

/// The header that carries the ID.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The ID of a request.
pub(super) fn of(headers: &HeaderMap) -> &str {
    headers.get(HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Sets the ID of a request. The client's own ID is kept, for tracing through proxies, if it is safe to
/// log.
pub(super) fn set<B>(mut request: Request<B>) -> Request<B> {
    if !is_harmless(of(request.headers()))
        && let Ok(value) = HeaderValue::from_str(&random())
    {
        request.headers_mut().insert(HEADER, value);
    }
    request
}

fn is_harmless(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn random() -> String {
    format!("{:032x}", rand::random::<u128>())
}
