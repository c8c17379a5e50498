//! Responses to requests that are rejected before they reach the GraphQL engine.

use std::borrow::Cow;

use axum::Extension;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::media_type::MediaType;
use super::record::Refused;
use super::request_id;
use crate::graphql::ErrorCode;

/// The reason why a request is not run.
pub(super) struct Refusal {
    status: StatusCode,
    code: ErrorCode,
    message: Cow<'static, str>,
    /// `UNKNOWN` if a mutation of the request may have been executed.
    outcome: Option<&'static str>,
}

impl Refusal {
    /// An invalid request, with the code BAD_REQUEST.
    pub(super) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code: ErrorCode::BadRequest, message: message.into(), outcome: None }
    }

    pub(super) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// The server is too busy or too slow: SERVICE_UNAVAILABLE.
    pub(super) fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        let (status, code) = (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::ServiceUnavailable);
        Self { status, code, message: message.into(), outcome: None }
    }

    /// The request ran out of time: a mutation in it may complete.
    pub(super) fn late(message: impl Into<Cow<'static, str>>) -> Self {
        Self { outcome: Some("UNKNOWN"), ..Self::unavailable(message) }
    }

    /// A defect of the server: INTERNAL_SERVER_ERROR. The cause is in the log.
    pub(super) fn internal() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: ErrorCode::InternalServerError,
            message: "An internal error occurred. The server log has the details.".into(),
            outcome: Some("UNKNOWN"),
        }
    }

    /// The response in the wanted media type, or JSON if there is none.
    pub(super) fn into_answer(self, wanted: Option<MediaType>) -> Response {
        let (status, headers) = (self.status, wanted.unwrap_or(MediaType::Json).headers());
        let refused = Refused(self.code.as_str());
        let body = json!({ "errors": self.into_errors() }).to_string();
        (status, headers, Extension(refused), body).into_response()
    }

    /// The list of errors of a request that has panicked. Its ID identifies the log entry.
    pub(super) fn errors_of_panic(request_id: &str) -> Value {
        let mut errors = Self::internal().into_errors();
        errors[0]["extensions"]["requestId"] = request_id.into();
        errors
    }

    /// The list of errors.
    pub(super) fn into_errors(self) -> Value {
        let mut extensions = json!({ "code": self.code.as_str() });
        if let Some(outcome) = self.outcome {
            extensions["outcome"] = outcome.into();
        }
        json!([{ "message": self.message, "extensions": extensions }])
    }
}

/// Adds the request ID, which identifies the log entry, to an internal error.
pub(super) fn identify(mut response: Response) -> Response {
    if response.extensions().get() != Some(&Refused(ErrorCode::InternalServerError.as_str())) {
        return response;
    }
    let errors = Refusal::errors_of_panic(request_id::of(response.headers()));
    *response.body_mut() = Body::from(json!({ "errors": errors }).to_string());
    response
}
