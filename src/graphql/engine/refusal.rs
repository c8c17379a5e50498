//! Why a request is not run.

use std::borrow::Cow;

use async_graphql::{Pos, Response, ServerError};

use crate::graphql::error::{MAX_ERRORS, set_code, shorten};

/// Why a request is not run: a code and what is wrong.
#[derive(Debug)]
pub(super) struct Refusal {
    code: &'static str,
    problems: Vec<Problem>,
}

/// Something that is wrong, and where in the document, as lines and columns from 1.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) message: Cow<'static, str>,
    pub(super) places: Vec<(usize, usize)>,
}

impl Refusal {
    fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, problems: vec![Problem { message: message.into(), places: Vec::new() }] }
    }

    /// For what is no document.
    pub(super) fn unparsable(message: &'static str) -> Self {
        Self::new("GRAPHQL_PARSE_FAILED", message)
    }

    /// The same, with its places.
    pub(super) fn unparsable_at(problems: Vec<Problem>) -> Self {
        Self { code: "GRAPHQL_PARSE_FAILED", problems }
    }

    /// For what the specification's validation refuses.
    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("GRAPHQL_VALIDATION_FAILED", message)
    }

    /// The same for several problems, with their places.
    pub(super) fn invalid_at(problems: Vec<Problem>) -> Self {
        Self { code: "GRAPHQL_VALIDATION_FAILED", problems }
    }

    /// For what asks for too much; the message says of what.
    pub(super) fn too_complex(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("QUERY_TOO_COMPLEX", message)
    }

    /// For a request that gives the hash of a document in place of its text. Clients know both words, and send
    /// the text then.
    pub(super) fn persisted_query_not_supported() -> Self {
        Self::new("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
    }

    /// For anything but a query where only queries are taken.
    pub(super) fn operation_not_allowed() -> Self {
        Self::new("BAD_REQUEST", "GET runs queries only. Send mutations by POST.")
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
