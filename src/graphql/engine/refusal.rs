//! Errors for requests that are not run.

use std::borrow::Cow;

use async_graphql::{Pos, Response, ServerError};

use crate::graphql::ErrorCode;
use crate::graphql::error::{MAX_ERRORS, set_code, shorten};

/// The reason why a request is not run: a code and one or more problems.
#[derive(Debug)]
pub(super) struct Refusal {
    code: ErrorCode,
    problems: Vec<Problem>,
}

/// A problem with its locations in the document, as lines and columns counted from 1.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) message: Cow<'static, str>,
    pub(super) places: Vec<(usize, usize)>,
}

impl Refusal {
    fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, problems: vec![Problem { message: message.into(), places: Vec::new() }] }
    }

    /// A document with a syntax error.
    pub(super) fn unparsable(message: &'static str) -> Self {
        Self::new(ErrorCode::GraphqlParseFailed, message)
    }

    /// A document with syntax errors at known locations.
    pub(super) fn unparsable_at(problems: Vec<Problem>) -> Self {
        Self { code: ErrorCode::GraphqlParseFailed, problems }
    }

    /// A request that fails validation.
    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::GraphqlValidationFailed, message)
    }

    /// A document that fails validation, with the location of each problem.
    pub(super) fn invalid_at(problems: Vec<Problem>) -> Self {
        Self { code: ErrorCode::GraphqlValidationFailed, problems }
    }

    /// A request that exceeds a limit; the message names the limit.
    pub(super) fn too_complex(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::QueryTooComplex, message)
    }

    /// A request with the hash of a document instead of its text. Clients know this code and message, and
    /// send the text then.
    pub(super) fn persisted_query_not_supported() -> Self {
        Self::new(ErrorCode::PersistedQueryNotSupported, "PersistedQueryNotSupported")
    }

    /// A mutation where only queries are allowed.
    pub(super) fn operation_not_allowed() -> Self {
        Self::new(
            ErrorCode::BadRequest,
            "GET requests can run queries only. Send mutations with POST.",
        )
    }

    /// A subscription where one response is expected.
    pub(super) fn no_stream() -> Self {
        let message = "Subscriptions need a WebSocket with the subprotocol graphql-transport-ws, or a request with Accept: text/event-stream.";
        Self::new(ErrorCode::BadRequest, message)
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let error = |problem: Problem| {
            let mut error = ServerError::new(problem.message, None);
            error.locations = problem.places.into_iter().map(Pos::from).collect();
            shorten(&mut error);
            set_code(&mut error, refusal.code);
            error
        };
        Self::from_errors(refusal.problems.into_iter().take(MAX_ERRORS).map(error).collect())
    }
}
