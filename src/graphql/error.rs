//! The only place that converts a domain error into an error for clients: a code, a safe message and, for
//! bad input, the path of the field.

use async_graphql::{ErrorExtensionValues, PathSegment, Pos, Response, ServerError, Value};

use super::ErrorCode;
use crate::domain::{Error, Segment};

/// The key of an error's code in its extensions.
const CODE: &str = "code";

/// The key of the time after which the client may retry, in seconds.
const RETRY_AFTER: &str = "retryAfter";

/// The key that tells that a mutation has taken effect before.
const APPLIED: &str = "applied";

/// The key of what became of the change of a mutation.
const OUTCOME: &str = "outcome";

impl From<Error> for async_graphql::Error {
    fn from(error: Error) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set(CODE, code(&error).as_str());
        if let Error::BadUserInput { field, .. }
        | Error::WrongPassword { field }
        | Error::NotFound { field, .. }
        | Error::Outdated { field, .. }
        | Error::Conflict { field, .. } = &error
            && !field.is_empty()
        {
            extensions.set("field", Value::List(field.iter().map(segment).collect()));
        }
        if let Error::RateLimited { retry_after } = &error {
            extensions.set(RETRY_AFTER, *retry_after);
        }
        if matches!(error, Error::AppliedBefore { .. }) {
            extensions.set(APPLIED, true);
        }
        if error == Error::OutcomeUnknown {
            extensions.set(OUTCOME, "UNKNOWN");
        }
        if let Error::Outdated { current_version, .. } = &error {
            extensions.set("currentVersion", *current_version);
        }
        Self { message: message(&error), source: None, extensions: Some(extensions) }
    }
}

fn segment(segment: &Segment) -> Value {
    match segment {
        Segment::Name(name) => Value::from(*name),
        Segment::Index(index) => Value::from(*index),
    }
}

fn code(error: &Error) -> ErrorCode {
    match error {
        Error::Unauthenticated | Error::BadToken { .. } => ErrorCode::Unauthenticated,
        Error::RateLimited { .. } => ErrorCode::RateLimited,
        Error::TooLong { .. }
        | Error::TooLarge { .. }
        | Error::TooManyErrors { .. }
        | Error::TooMuchWork { .. } => ErrorCode::QueryTooComplex,
        Error::InvalidCredentials | Error::WrongPassword { .. } => ErrorCode::InvalidCredentials,
        Error::BadUserInput { .. } => ErrorCode::BadUserInput,
        Error::NotFound { .. } | Error::AppliedBefore { .. } => ErrorCode::NotFound,
        Error::Forbidden { .. } => ErrorCode::Forbidden,
        Error::Conflict { .. } | Error::Outdated { .. } => ErrorCode::Conflict,
        Error::Contention | Error::Repeated | Error::Unavailable | Error::OutcomeUnknown => {
            ErrorCode::ServiceUnavailable
        }
        Error::Internal => ErrorCode::InternalServerError,
    }
}

fn message(error: &Error) -> String {
    match error {
        Error::Unauthenticated => {
            "Log in, and send the header Authorization: Bearer TOKEN with the access token.".into()
        }
        Error::RateLimited { retry_after } => {
            format!("Too many attempts. Try again in {retry_after} s.")
        }
        Error::WrongPassword { .. } => "The current password is wrong.".into(),
        Error::TooLong { kib } => {
            format!("The response has more than {kib} KiB of text. Request smaller pages.")
        }
        Error::TooLarge { mib } => {
            format!("The response needs more than {mib} MiB of memory. Request smaller pages.")
        }
        Error::TooManyErrors { most } => {
            format!("The query was stopped because it has more than {most} errors.")
        }
        Error::TooMuchWork { cost, left } => format!(
            "The text searches have a complexity of {cost}, but only {left} is left. Use fewer text searches in one request."
        ),
        Error::InvalidCredentials => "The e-mail address or the password is wrong.".into(),
        Error::BadUserInput { message, .. } => message.clone().into_owned(),
        Error::NotFound { what, .. } => format!("There is no such {what}."),
        Error::AppliedBefore { what } => format!(
            "The change has taken effect before, but the {what} is gone by now, or you may no longer see it."
        ),
        Error::BadToken { message }
        | Error::Forbidden { message }
        | Error::Conflict { message, .. } => (*message).into(),
        Error::Outdated { current_version, .. } => {
            format!(
                "The card has changed in the meantime. Its current version is {current_version}."
            )
        }
        Error::Contention | Error::Repeated | Error::Unavailable => {
            "The server is too busy or its database is unavailable. Try again later.".into()
        }
        Error::OutcomeUnknown => {
            "The database did not confirm the change. It may have happened or not. Send it again with the same clientMutationId, or look before you try again.".into()
        }
        Error::Internal => "An internal error occurred. The server log has the details.".into(),
    }
}

/// The response to a request that cannot be run because of an error.
pub(super) fn of_request(error: Error) -> Response {
    let error = async_graphql::Error::from(error).into_server_error(Pos::default());
    Response::from_errors(vec![ServerError { locations: Vec::new(), ..error }])
}

/// The response to an operation whose root field, with this key in the response, has failed.
pub(super) fn of_field(error: Error, key: &str, request_id: &str) -> Response {
    let mut response = of_request(error);
    for error in &mut response.errors {
        error.path = vec![PathSegment::Field(key.to_owned())];
    }
    complete(&mut response.errors, request_id);
    response
}

/// Whether one of the errors says that the response exceeds a limit.
pub(super) fn tells_of_a_limit(errors: &[ServerError]) -> bool {
    errors.iter().any(|error| has_code(error, ErrorCode::QueryTooComplex))
}

fn has_code(error: &ServerError, code: ErrorCode) -> bool {
    let extensions = error.extensions.as_ref();
    extensions.and_then(|extensions| extensions.get(CODE)) == Some(&code.as_str().into())
}

/// The code of an error.
pub(super) fn code_of(error: &ServerError) -> Option<&'static str> {
    let Value::String(code) = error.extensions.as_ref()?.get(CODE)? else { return None };
    ErrorCode::parse(code).map(ErrorCode::as_str)
}

/// The number of seconds after which the client may retry, if the error gives it.
pub(super) fn retry_after(error: &ServerError) -> Option<u64> {
    match error.extensions.as_ref()?.get(RETRY_AFTER)? {
        Value::Number(seconds) => seconds.as_u64(),
        _ => None,
    }
}

/// Whether one of the errors is an internal error.
pub(super) fn tells_of_a_defect(errors: &[ServerError]) -> bool {
    errors.iter().any(|error| has_code(error, ErrorCode::InternalServerError))
}

/// Marks the errors in the payload of a mutation: its transaction was committed before.
pub(super) fn tell_of_commits(errors: &mut [ServerError]) {
    for error in errors.iter_mut().filter(|error| error.path.len() > 1) {
        let is_unavailable = has_code(error, ErrorCode::ServiceUnavailable);
        let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
        if is_unavailable {
            "The change is stored, but the payload could not be read."
                .clone_into(&mut error.message);
        }
        extensions.set(OUTCOME, "COMMITTED");
    }
}

/// Adds codes to errors of async-graphql, and the request ID, which identifies the log entry, to internal
/// errors.
///
/// (Not an extension of async-graphql, because any extension slows down every field.)
pub(super) fn complete(errors: &mut [ServerError], request_id: &str) {
    for error in errors {
        // async-graphql finds invalid values of scalars only while it resolves a field.
        set_code(error, ErrorCode::BadUserInput);
        shorten(error);
        if has_code(error, ErrorCode::InternalServerError)
            && let Some(extensions) = &mut error.extensions
        {
            extensions.set("requestId", request_id);
        }
    }
}

/// Drops all errors but the first ones, of which there may be thousands. Returns how many.
pub(super) fn omit_many(errors: &mut Vec<ServerError>) -> usize {
    let omitted = errors.len().saturating_sub(MAX_SENT_ERRORS);
    errors.truncate(MAX_SENT_ERRORS);
    omitted
}

/// Adds an error with the number of omitted ones.
pub(super) fn tell_of_omitted(errors: &mut Vec<ServerError>, omitted: usize) {
    if let (1.., Some(last)) = (omitted, errors.last()) {
        let mut note = ServerError::new(format!("{omitted} more errors were omitted."), None);
        note.extensions.clone_from(&last.extensions);
        // Either all errors belong to fields or none does, so the note gets the path of another error.
        note.path.clone_from(&last.path);
        errors.push(note);
    }
}

/// The maximum number of errors in a response.
pub(super) const MAX_SENT_ERRORS: usize = 100;

/// The maximum number of characters of a message, which may contain names as long as the document.
const MAX_MESSAGE: usize = 300;

/// Truncates a message that is too long.
pub(super) fn shorten(error: &mut ServerError) {
    if let Some((end, _)) = error.message.char_indices().nth(MAX_MESSAGE) {
        error.message.truncate(end);
        error.message.push('…');
    }
}

/// Sets the code of an error without one.
pub(super) fn set_code(error: &mut ServerError, code: ErrorCode) {
    let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    if extensions.get(CODE).is_none() {
        extensions.set(CODE, code.as_str());
    }
}
