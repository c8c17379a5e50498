//! Errors for requests that are not run.

use std::borrow::Cow;

use async_graphql::{Pos, Response, ServerError};

use super::verdict::Verdict;
use crate::graphql::ErrorCode;
use crate::graphql::error::{MAX_SENT_ERRORS, set_code, shorten};
use crate::metrics::Refused;

/// A request error of the specification: why a request is not run. It has a reason, which the metrics count, and one or
/// more problems.
#[derive(Debug)]
pub(super) struct RequestError {
    pub(super) verdict: Verdict,
    pub(super) reason: Refused,
    problems: Vec<Problem>,
}

/// A problem with its location in the document.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) message: Cow<'static, str>,
    pub(super) place: Option<Pos>,
}

impl RequestError {
    fn new(reason: Refused, message: impl Into<Cow<'static, str>>) -> Self {
        Self::at(reason, vec![Problem { message: message.into(), place: None }])
    }

    /// A request that is refused for this reason, with the location of each problem.
    pub(super) fn at(reason: Refused, problems: Vec<Problem>) -> Self {
        Self { verdict: Verdict::Refused, reason, problems }
    }

    /// A document with a syntax error.
    pub(super) fn unparsable(message: &'static str) -> Self {
        Self::new(Refused::Syntax, message)
    }

    /// A request that fails validation.
    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Refused::Invalid, message)
    }

    /// A request that exceeds a limit; the message names the limit.
    pub(super) fn too_complex(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Refused::TooComplex, message)
    }

    /// A request with the hash of a document instead of its text. Clients know this code and message, and
    /// send the text then.
    pub(super) fn persisted_query_not_supported() -> Self {
        let reason = Refused::NotSupported;
        Self { verdict: Verdict::OnlyHash, ..Self::new(reason, "PersistedQueryNotSupported") }
    }

    /// A request with the hash of a document that is not registered. Clients know this code and message, too.
    pub(super) fn persisted_query_not_found() -> Self {
        let reason = Refused::NotFound;
        Self { verdict: Verdict::OnlyHash, ..Self::new(reason, "PersistedQueryNotFound") }
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
        Self::new(Refused::NotInList, message)
    }

    /// A request with the text of a document where only listed ones may run.
    pub(super) fn id_required() -> Self {
        let message = "The server runs only the documents in its list (TRUSTED_DOCUMENTS). Send the documentId of one instead of query.";
        Self::new(Refused::IdRequired, message)
    }

    /// The first message with its locations, in one line.
    pub(super) fn first_problem(&self) -> String {
        let told = self.problems.first().map(|Problem { message, place }| {
            let place = place.map(|place| format!(" ({}:{})", place.line, place.column));
            format!("{message}{}", place.unwrap_or_default()).replace('\n', " ")
        });
        told.unwrap_or_default()
    }

    fn malformed(message: &'static str) -> Self {
        Self { verdict: Verdict::Malformed, ..Self::new(Refused::BadRequest, message) }
    }

    /// A mutation where only queries are allowed.
    pub(super) fn operation_not_allowed() -> Self {
        let message = "GET requests can run queries only. Send mutations with POST.";
        let verdict = Verdict::OperationNotAllowed;
        Self { verdict, ..Self::new(Refused::BadRequest, message) }
    }

    /// A subscription where one response is expected.
    pub(super) fn no_stream() -> Self {
        let message = "Subscriptions need a WebSocket with the subprotocol graphql-transport-ws, or a request with Accept: text/event-stream.";
        Self::new(Refused::BadRequest, message)
    }
}

impl From<Refused> for ErrorCode {
    fn from(reason: Refused) -> Self {
        match reason {
            Refused::BadRequest => Self::BadRequest,
            Refused::Syntax => Self::GraphqlParseFailed,
            Refused::Invalid => Self::GraphqlValidationFailed,
            Refused::TooComplex => Self::QueryTooComplex,
            Refused::NotSupported => Self::PersistedQueryNotSupported,
            Refused::NotFound => Self::PersistedQueryNotFound,
            Refused::NotInList => Self::PersistedQueryNotInList,
            Refused::IdRequired => Self::PersistedQueryIdRequired,
        }
    }
}

impl From<RequestError> for Response {
    fn from(RequestError { reason, problems, .. }: RequestError) -> Self {
        let code = reason.into();
        let error = |problem: Problem| {
            let mut error = ServerError::new(problem.message, None);
            error.locations = problem.place.into_iter().collect();
            shorten(&mut error);
            set_code(&mut error, code);
            error
        };
        Self::from_errors(problems.into_iter().take(MAX_SENT_ERRORS).map(error).collect())
    }
}
