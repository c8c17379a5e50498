//! What became of a request.

/// What became of a request. It decides the HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was run, perhaps with errors in some fields.
    Run,
    /// It was not run: its parameters contradict each other, or the server does not have what they name.
    Malformed,
    /// It was not run: the request is invalid or exceeds a limit.
    Refused,
    /// It was not run: the access token is invalid or expired.
    Unauthenticated,
    /// It has no data: the database was unavailable, or there was too little memory.
    Unavailable,
    /// It was not run: the operation type is not allowed.
    OperationNotAllowed,
    /// It was not run: it has a hash instead of a document, and the client has to send the document.
    OnlyHash,
}
