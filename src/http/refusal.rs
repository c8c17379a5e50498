//! Answers to what does not even get to the schema.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::media_type::MediaType;

/// Why a request is not run.
pub(super) struct Refusal {
    status: StatusCode,
    message: &'static str,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: &'static str) -> Self {
        Self { status, message }
    }

    pub(super) fn bad_request(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// The answer, in the media type that is wanted, JSON if it is neither of ours.
    pub(super) fn into_answer(self, wanted: Option<MediaType>) -> Response {
        let error = json!({ "message": self.message, "extensions": { "code": "BAD_REQUEST" } });
        let body = axum::Json(json!({ "errors": [error] }));
        let content_type = wanted.unwrap_or(MediaType::Json).content_type();
        let mut answer = (self.status, body).into_response();
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        answer
    }
}
