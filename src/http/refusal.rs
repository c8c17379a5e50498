//! Answers to what does not even get to the schema.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::media_type::MediaType;

/// Why a request is not run.
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
}

impl Refusal {
    /// For what is wrong with the request.
    pub(super) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code: "BAD_REQUEST", message: message.into() }
    }

    pub(super) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// For what the server has no time for.
    pub(super) fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        let (status, code) = (StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE");
        Self { status, code, message: message.into() }
    }

    /// For a defect. The log tells of it.
    pub(super) fn internal() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "INTERNAL_SERVER_ERROR",
            message: "Something went wrong. The server's log has the details.".into(),
        }
    }

    /// The answer, in the media type that is wanted, JSON if it is neither of ours.
    pub(super) fn into_answer(self, wanted: Option<MediaType>) -> Response {
        let error = json!({ "message": self.message, "extensions": { "code": self.code } });
        let body = json!({ "errors": [error] }).to_string();
        let headers = wanted.unwrap_or(MediaType::Json).headers();
        (self.status, headers, body).into_response()
    }
}
