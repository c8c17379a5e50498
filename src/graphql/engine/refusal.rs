//! Errors for requests that are not run.

use std::borrow::Cow;

use async_graphql::{Pos, Response, ServerError};

use crate::graphql::error::{MAX_ERRORS, set_code, shorten};

/// The reason why a request is not run: a code and one or more problems.
#[derive(Debug)]
pub(super) struct Refusal {
    code: &'static str,
    problems: Vec<Problem>,
}

/// A problem with its locations in the document, as lines and columns counted from 1.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) message: Cow<'static, str>,
    pub(super) places: Vec<(usize, usize)>,
}

impl Refusal {
    fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, problems: vec![Problem { message: message.into(), places: Vec::new() }] }
    }

    /// A document with a syntax error.
    pub(super) fn unparsable(message: &'static str) -> Self {
        Self::new("GRAPHQL_PARSE_FAILED", message)
    }

    /// A document with syntax errors at known locations.
    pub(super) fn unparsable_at(problems: Vec<Problem>) -> Self {
        Self { code: "GRAPHQL_PARSE_FAILED", problems }
    }

    /// A request that fails validation.
    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("GRAPHQL_VALIDATION_FAILED", message)
    }

    /// A document that fails validation, with the location of each problem.
    pub(super) fn invalid_at(problems: Vec<Problem>) -> Self {
        Self { code: "GRAPHQL_VALIDATION_FAILED", problems }
    }

    /// A request that exceeds a limit; the message names the limit.
    pub(super) fn too_complex(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("QUERY_TOO_COMPLEX", message)
    }

    /// A request with the hash of a document instead of its text. Clients know this code and message, and
    /// send the text then.
    pub(super) fn persisted_query_not_supported() -> Self {
        Self::new("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
    }

    /// A mutation where only queries are allowed.
    pub(super) fn operation_not_allowed() -> Self {
        Self::new("BAD_REQUEST", "GET requests can run queries only. Send mutations with POST.")
    }

    /// A subscription where one response is expected.
    pub(super) fn no_stream() -> Self {
        let message = "Subscriptions need a WebSocket with the subprotocol graphql-transport-ws, or a request with Accept: text/event-stream.";
        Self::new("BAD_REQUEST", message)
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
