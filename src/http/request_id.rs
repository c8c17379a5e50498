//! A name for each request, in its answer and in every line of the log about it.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};

/// The header that carries it.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request.
pub(super) fn of(headers: &HeaderMap) -> &str {
    headers.get(HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Gives a request its id: the caller's own, for tracing through proxies, if it cannot do harm in a log.
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
