//! The one error type of the program.

use std::borrow::Cow;

/// What every fallible function of the program answers.
pub type Result<T> = std::result::Result<T, Error>;

/// One step of the path that names an input field, e.g. `["input", "cards", 2, "title"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// An argument or an input field.
    Name(&'static str),
    /// A place in a list, counted from 0.
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

/// Why something could not be done.
///
/// Deliberately without `Display`: the text that a client sees is made in one place
/// (`graphql::error`), and `?` in a resolver compiles only through that place. Causes are logged
/// where they arise, so the value can be cloned to everybody who waits for the same load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Nobody is logged in, or the access token is of no use.
    Unauthenticated,
    /// An access or a refresh token that is of no use.
    BadToken {
        /// What to do, as a sentence for people.
        message: &'static str,
    },
    /// The password that shall confirm a change is not the account's.
    WrongPassword {
        /// The path of the input field.
        field: Vec<Segment>,
    },
    /// Too many attempts, or too much to do at once.
    RateLimited {
        /// When to try again, in seconds.
        retry_after: u64,
    },
    /// The answer would have too much text.
    TooLong {
        /// How much it may have.
        kib: usize,
    },
    /// The answer would take more memory than all of them may.
    TooLarge {
        /// How much they may take.
        mib: usize,
    },
    /// A search would read too much.
    TooMuchWork {
        /// What it costs.
        cost: u64,
        /// What is left of the complexity that a query may have.
        left: u64,
    },
    /// Wrong e-mail or password; never says which.
    InvalidCredentials,
    /// Something in the input breaks a rule.
    BadUserInput {
        /// The path of the input field.
        field: Vec<Segment>,
        /// What is wrong with it, as a sentence for people.
        message: Cow<'static, str>,
    },
    /// The named thing does not exist, or the viewer may not know that it does.
    NotFound {
        /// The path of the input field that names it.
        field: Vec<Segment>,
        /// What was looked for, e.g. "board".
        what: &'static str,
    },
    /// The viewer may see it, but their role on the board does not allow this.
    Forbidden {
        /// Who may, as a sentence for people.
        message: &'static str,
    },
    /// What shall change is no longer as the viewer has seen it.
    Outdated {
        /// The path of the input field with the version that was expected.
        field: Vec<Segment>,
        /// Its present version.
        current_version: i64,
    },
    /// The present state of the data does not allow it.
    Conflict {
        /// The path of the input field in conflict; empty where there is none.
        field: Vec<Segment>,
        /// What stands in the way, as a sentence for people.
        message: &'static str,
    },
    /// The database asks to run the transaction again; turned into `Unavailable` when that did
    /// not help.
    Contention,
    /// The database cannot be reached, or it is too busy.
    Unavailable,
    /// A defect. The log has the cause.
    Internal,
}

impl Error {
    /// Says of something that is not there, whatever it was, that it is what the viewer asked for that
    /// is `missing`.
    #[must_use]
    pub fn not_found_as(self, missing: impl FnOnce() -> Self) -> Self {
        match self {
            Self::NotFound { .. } => missing(),
            other => other,
        }
    }

    /// Input that breaks a rule; the path is added with [`At::at`] on the way up.
    pub fn bad_input(message: impl Into<Cow<'static, str>>) -> Self {
        Self::BadUserInput { field: Vec::new(), message: message.into() }
    }

    /// Something that is not there for the viewer.
    pub fn not_found(what: &'static str) -> Self {
        Self::NotFound { field: Vec::new(), what }
    }

    /// Something that the viewer may see but not do.
    pub fn forbidden(message: &'static str) -> Self {
        Self::Forbidden { message }
    }

    /// A version that is no longer the present one.
    pub fn outdated(current_version: i64) -> Self {
        Self::Outdated { field: Vec::new(), current_version }
    }

    /// A rule about the state of the data that does not allow the change.
    pub fn conflict(message: &'static str) -> Self {
        Self::Conflict { field: Vec::new(), message }
    }
}

/// Says which input an error is about, from the inside out:
/// `parse(x).at("title")?` below, `.at(2)` and `.at("cards")` above.
pub trait At {
    /// Puts a step in front of the error's path, if it has one.
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
