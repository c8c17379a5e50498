//! The codes of errors.

use async_graphql::Enum;
use async_graphql::resolver_utils::EnumType;

/// The codes in `extensions.code` of an error. The list may grow: treat an unknown code like
/// INTERNAL_SERVER_ERROR. The description of a mutation names the codes that depend on its input and on the data;
/// every request can also get BAD_REQUEST, GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED, QUERY_TOO_COMPLEX,
/// UNAUTHENTICATED, SERVICE_UNAVAILABLE and INTERNAL_SERVER_ERROR.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The HTTP request or the WebSocket message is invalid, or does not suit the operation.
    BadRequest,
    /// The document has a syntax error.
    GraphqlParseFailed,
    /// The document or the variables do not fit the schema.
    GraphqlValidationFailed,
    /// The request or its response exceeds a limit; the message names it.
    QueryTooComplex,
    /// The server registers no documents. Send the text of the document instead of its hash.
    PersistedQueryNotSupported,
    /// No document is registered under this hash, or not any more. Send the hash together with the text.
    PersistedQueryNotFound,
    /// The server runs only the documents in its list, and none of them has this ID or hash.
    PersistedQueryNotInList,
    /// The server runs only the documents in its list. Send the ID of one instead of a text.
    PersistedQueryIdRequired,
    /// There is no access token, or an access token or refresh token is invalid, expired or revoked. Refresh the
    /// session or log in.
    Unauthenticated,
    /// The e-mail address or the password is wrong.
    InvalidCredentials,
    /// A value of the input breaks a rule. `extensions.field` is its path, e.g. `["input", "cards", 2, "title"]`.
    BadUserInput,
    /// The object does not exist, or the viewer may not see it. With `extensions.applied: true`, the mutation has
    /// taken effect before, but its payload cannot be shown any more.
    NotFound,
    /// The viewer may see the object, but their role does not allow the operation. Or the server does not allow it: sign-ups are
    /// closed, it sends no mail, or the e-mail address must be verified first.
    Forbidden,
    /// The state of the data does not allow the operation: an e-mail address or a colour is taken, a version is out
    /// of date (`extensions.currentVersion` has the current one), a board would be left without an ADMIN, or a
    /// `clientMutationId` was used for another mutation.
    Conflict,
    /// Too many attempts, or too many operations on one WebSocket. Try again after `extensions.retryAfter` seconds, if
    /// it is given.
    RateLimited,
    /// The server is too busy, or its database is unavailable. Try again later; a mutation with
    /// `extensions.outcome: "UNKNOWN"` may have taken effect.
    ServiceUnavailable,
    /// A defect of the server. `extensions.requestId`, or the header `X-Request-Id`, identifies its entry in the log. With
    /// `extensions.outcome: "UNKNOWN"`, a mutation may have taken effect.
    InternalServerError,
}

impl ErrorCode {
    /// The inverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        let items = <Self as EnumType>::items();
        items.iter().map(|item| item.value).find(|code| code.as_str() == text)
    }

    /// The code as clients see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "BAD_REQUEST",
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::QueryTooComplex => "QUERY_TOO_COMPLEX",
            Self::PersistedQueryNotSupported => "PERSISTED_QUERY_NOT_SUPPORTED",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::PersistedQueryNotInList => "PERSISTED_QUERY_NOT_IN_LIST",
            Self::PersistedQueryIdRequired => "PERSISTED_QUERY_ID_REQUIRED",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::InvalidCredentials => "INVALID_CREDENTIALS",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::NotFound => "NOT_FOUND",
            Self::Forbidden => "FORBIDDEN",
            Self::Conflict => "CONFLICT",
            Self::RateLimited => "RATE_LIMITED",
            Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_the_same_names() {
        for item in <ErrorCode as EnumType>::items() {
            assert_eq!(item.name, item.value.as_str());
        }
    }
}
