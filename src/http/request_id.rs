//! A name for each request, in its answer and in every line of the log about it.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;

/// The header that carries it.
pub(super) const HEADER: &str = "x-request-id";

/// The id of a request.
#[derive(Clone)]
pub(super) struct RequestId(String);

impl RequestId {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The caller's own id, for tracing through proxies, if it cannot do harm in a log.
    fn of(request: &Request) -> Self {
        let given = request.headers().get(HEADER).and_then(|value| value.to_str().ok());
        let harmless = |id: &&str| {
            (1..=64).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        Self(given.filter(harmless).map_or_else(random, ToOwned::to_owned))
    }
}

fn random() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Gives the request its id, and the answer too.
pub(super) async fn set(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(&request);
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
