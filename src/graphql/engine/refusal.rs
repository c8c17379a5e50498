//! Errors for requests that are not run.

use std::borrow::Cow;

use async_graphql::{Pos, Response, ServerError};

use super::verdict::Verdict;
use crate::graphql::ErrorCode;
use crate::graphql::error::{MAX_ERRORS, set_code, shorten};

/// The reason why a request is not run: a code and one or more problems.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) verdict: Verdict,
    pub(super) code: ErrorCode,
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
        Self::at(code, vec![Problem { message: message.into(), places: Vec::new() }])
    }

    fn at(code: ErrorCode, problems: Vec<Problem>) -> Self {
        Self { verdict: Verdict::Refused, code, problems }
    }

    /// A document with a syntax error.
    pub(super) fn unparsable(message: &'static str) -> Self {
        Self::new(ErrorCode::GraphqlParseFailed, message)
    }

    /// A document with syntax errors at known locations.
    pub(super) fn unparsable_at(problems: Vec<Problem>) -> Self {
        Self::at(ErrorCode::GraphqlParseFailed, problems)
    }

    /// A request that fails validation.
    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::GraphqlValidationFailed, message)
    }

    /// A document that fails validation, with the location of each problem.
    pub(super) fn invalid_at(problems: Vec<Problem>) -> Self {
        Self::at(ErrorCode::GraphqlValidationFailed, problems)
    }

    /// A request that exceeds a limit; the message names the limit.
    pub(super) fn too_complex(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::QueryTooComplex, message)
    }

    /// A request with the hash of a document instead of its text. Clients know this code and message, and
    /// send the text then.
    pub(super) fn persisted_query_not_supported() -> Self {
        let code = ErrorCode::PersistedQueryNotSupported;
        Self { verdict: Verdict::OnlyHash, ..Self::new(code, "PersistedQueryNotSupported") }
    }

    /// A request with the hash of a document that is not registered. Clients know this code and message, too.
    pub(super) fn persisted_query_not_found() -> Self {
        let code = ErrorCode::PersistedQueryNotFound;
        Self { verdict: Verdict::OnlyHash, ..Self::new(code, "PersistedQueryNotFound") }
    }

    /// A request whose hash is not that of its text.
    pub(super) fn wrong_hash() -> Self {
        Self::malformed("extensions.persistedQuery.sha256Hash is not the SHA-256 hash of query.")
    }

    /// A request with a `documentId` to a server without a list.
    pub(super) fn no_list() -> Self {
        Self::malformed(
            "The server has no list of documents (TRUSTED_DOCUMENTS). Send query instead of documentId.",
        )
    }

    /// A request with an ID or a hash that is not in the list.
    pub(super) fn not_in_list() -> Self {
        let message = "The server runs only the documents in its list (TRUSTED_DOCUMENTS), and none of them has this ID.";
        Self::new(ErrorCode::PersistedQueryNotInList, message)
    }

    /// A request with the text of a document where only listed ones may run.
    pub(super) fn id_required() -> Self {
        let message = "The server runs only the documents in its list (TRUSTED_DOCUMENTS). Send the documentId of one instead of query.";
        Self::new(ErrorCode::PersistedQueryIdRequired, message)
    }

    /// The first message with its locations, in one line.
    pub(super) fn reason(&self) -> String {
        let told = self.problems.first().map(|Problem { message, places }| {
            let places = places.iter().map(|(line, column)| format!(" ({line}:{column})"));
            format!("{message}{}", places.collect::<String>()).replace('\n', " ")
        });
        told.unwrap_or_default()
    }

    fn malformed(message: &'static str) -> Self {
        Self { verdict: Verdict::Malformed, ..Self::new(ErrorCode::BadRequest, message) }
    }

    /// A mutation where only queries are allowed.
    pub(super) fn operation_not_allowed() -> Self {
        let message = "GET requests can run queries only. Send mutations with POST.";
        let verdict = Verdict::OperationNotAllowed;
        Self { verdict, ..Self::new(ErrorCode::BadRequest, message) }
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
