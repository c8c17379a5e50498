//! The error type of the program.

use std::borrow::Cow;

/// The result type of fallible functions.
pub type Result<T> = std::result::Result<T, Error>;

/// One segment of the path of an input field, e.g. of `["input", "cards", 2, "title"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// An argument or an input field.
    Name(&'static str),
    /// An index in a list, starting at 0.
    Index(usize),
}

impl From<&'static str> for Segment {
    fn from(name: &'static str) -> Self {
        Self::Name(name)
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// The reason why an operation failed.
///
/// Deliberately without `Display`: the sentences for clients are in [`rejection`](super::rejection) and
/// `graphql::error`, and `?` in a resolver compiles only through the conversion there. Causes are logged
/// where they occur, so that the value stays cloneable for all callers that wait for the same load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The request has no access token, or the token is invalid or expired.
    Unauthenticated,
    /// An access token or a refresh token is invalid or expired.
    BadToken {
        /// The message for the user: what to do.
        message: &'static str,
    },
    /// The current password, which must confirm a change to the account, is wrong.
    WrongPassword {
        /// The path of the input field with the password.
        field: Vec<Segment>,
    },
    /// Too many attempts, or too many password hashes in progress.
    RateLimited {
        /// The time to wait before a retry, in seconds.
        retry_after: u64,
    },
    /// The response would contain too much text.
    TooLong {
        /// The limit, in KiB.
        kib: usize,
    },
    /// The response would take more memory than all requests together may use.
    TooLarge {
        /// The limit for all requests, in MiB.
        mib: usize,
    },
    /// A query has so many errors that it was stopped.
    TooManyErrors {
        /// The maximum number.
        most: usize,
    },
    /// A search would read too much data.
    TooMuchWork {
        /// The complexity of the search.
        cost: u64,
        /// The remaining complexity of the operation.
        left: u64,
    },
    /// The e-mail address or the password is wrong. The error never says which.
    InvalidCredentials,
    /// An input value is invalid.
    BadUserInput {
        /// The path of the input field.
        field: Vec<Segment>,
        /// The message for the user: what is wrong.
        message: Cow<'static, str>,
    },
    /// The object does not exist, or the viewer may not see it.
    NotFound {
        /// The path of the input field that refers to the object.
        field: Vec<Segment>,
        /// The type of the object for the message, e.g. "board".
        what: &'static str,
    },
    /// The viewer may see the object, but their role on the board does not allow the operation.
    Forbidden {
        /// The message for the user: who may do it.
        message: &'static str,
    },
    /// The object has changed since the expected version.
    Outdated {
        /// The path of the input field with the expected version.
        field: Vec<Segment>,
        /// The current version of the object.
        current_version: i64,
    },
    /// The current state of the data does not allow the operation.
    Conflict {
        /// The path of the conflicting input field; empty if there is none.
        field: Vec<Segment>,
        /// The message for the user: what prevents the operation.
        message: &'static str,
    },
    /// The mutation has taken effect before, but its payload cannot be shown any more: an object is gone, or the viewer may
    /// no longer see it.
    AppliedBefore {
        /// The type of the object for the message, e.g. "board".
        what: &'static str,
    },
    /// A mutation with this ID has taken effect before. The transaction was rolled back.
    Repeated,
    /// The transaction must be retried. Becomes `Unavailable` when all retries have failed.
    Contention,
    /// The database cannot be reached or is too busy.
    Unavailable,
    /// The database did not confirm a commit: the change may have happened or not.
    OutcomeUnknown,
    /// A defect in the program, or a value in the database that it cannot have written. The cause is in the log.
    Internal,
}

impl Error {
    /// Replaces any `NotFound` error with `missing`, which refers to the object that the viewer named.
    #[must_use]
    pub fn not_found_as(self, missing: impl FnOnce() -> Self) -> Self {
        match self {
            Self::NotFound { .. } => missing(),
            other => other,
        }
    }

    /// Creates an error for what must never happen, and logs what it is.
    #[must_use]
    pub fn defect(what: &'static str) -> Self {
        tracing::error!(what, "an internal error");
        Self::Internal
    }

    /// Creates an error for an invalid input value. Callers add the path with [`At::at`].
    pub(super) fn bad_input(message: impl Into<Cow<'static, str>>) -> Self {
        Self::BadUserInput { field: Vec::new(), message: message.into() }
    }

    /// Creates an error for an object that does not exist for the viewer.
    pub fn not_found(what: &'static str) -> Self {
        Self::NotFound { field: Vec::new(), what }
    }

    /// Creates an error for an operation that the viewer's role does not allow.
    pub(super) fn forbidden(message: &'static str) -> Self {
        Self::Forbidden { message }
    }

    /// Creates an error for an expected version that is not the current one.
    pub fn outdated(current_version: i64) -> Self {
        Self::Outdated { field: Vec::new(), current_version }
    }

    /// Creates an error for a change that the state of the data does not allow.
    pub(super) fn conflict(message: &'static str) -> Self {
        Self::Conflict { field: Vec::new(), message }
    }
}

/// Builds the input path of an error from the innermost segment outwards: `parse(x).at("title")?` in
/// the inner function, then `.at(2)` and `.at("cards")` in its callers.
pub trait At {
    /// Prepends a segment to the error's path, if the error has a path.
    #[must_use]
    fn at(self, segment: impl Into<Segment>) -> Self;
}

impl At for Error {
    fn at(mut self, segment: impl Into<Segment>) -> Self {
        if let Self::BadUserInput { field, .. }
        | Self::WrongPassword { field }
        | Self::NotFound { field, .. }
        | Self::Outdated { field, .. }
        | Self::Conflict { field, .. } = &mut self
        {
            field.insert(0, segment.into());
        }
        self
    }
}

impl<T> At for Result<T> {
    fn at(self, segment: impl Into<Segment>) -> Self {
        self.map_err(|error| error.at(segment))
    }
}
