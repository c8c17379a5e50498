//! The error of a start that fails.

use std::fmt;

/// The reason why the program cannot start: one line for the operator.
#[derive(Debug)]
pub struct StartError(String);

impl StartError {
    /// Creates an error with this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}
