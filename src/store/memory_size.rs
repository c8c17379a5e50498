//! How much memory rows take, counted while they are read.

use std::fmt;

use diesel::result::Error as DieselError;

use super::snapshot::Budget;
use crate::domain::{Error, Rank};

/// What can be read from the database.
pub(super) trait MemorySize: Sized {
    /// How many bytes of text it has, besides its own size.
    fn texts(&self) -> usize {
        0
    }

    /// How many bytes it takes.
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.texts()
    }
}

impl MemorySize for i64 {}
impl MemorySize for bool {}

impl MemorySize for String {
    fn texts(&self) -> usize {
        self.len()
    }
}

impl MemorySize for Rank {
    fn texts(&self) -> usize {
        self.as_str().len()
    }
}

impl<T: MemorySize> MemorySize for Option<T> {
    fn texts(&self) -> usize {
        self.as_ref().map_or(0, T::texts)
    }
}

impl<A: MemorySize, B: MemorySize> MemorySize for (A, B) {
    fn texts(&self) -> usize {
        self.0.texts() + self.1.texts()
    }
}

impl<A: MemorySize, B: MemorySize, C: MemorySize> MemorySize for (A, B, C) {
    fn texts(&self) -> usize {
        self.0.texts() + self.1.texts() + self.2.texts()
    }
}

/// ReadState rows as they come, while the budget lasts.
pub(super) struct Rows<'b, R> {
    rows: Vec<R>,
    budget: Option<&'b Budget>,
}

impl<'b, R: MemorySize> Rows<'b, R> {
    pub(super) fn new(budget: Option<&'b Budget>) -> Self {
        Self { rows: Vec::new(), budget }
    }

    /// Keeps a row.
    pub(super) fn push(&mut self, row: R) -> Result<(), DieselError> {
        if let Some(budget) = self.budget {
            budget(row.bytes()).map_err(refused)?;
        }
        self.rows.push(row);
        Ok(())
    }

    pub(super) fn all(self) -> Vec<R> {
        self.rows
    }
}

/// An error of ours on its way through Diesel.
#[derive(Debug)]
struct Refused(Error);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the budget is used up")
    }
}

impl std::error::Error for Refused {}

fn refused(error: Error) -> DieselError {
    DieselError::QueryBuilderError(Box::new(Refused(error)))
}

/// The budget's own error, if it was that which has stopped a load.
pub(super) fn refusal(error: &DieselError) -> Option<&Error> {
    match error {
        DieselError::QueryBuilderError(error) => error.downcast_ref().map(|Refused(error)| error),
        _ => None,
    }
}
