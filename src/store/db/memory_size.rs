//! The memory that rows take, counted while they are read.

use std::fmt;
use std::sync::Arc;

use diesel::result::Error as DieselError;

use crate::domain::{Error, Rank, Result, Timestamp};

/// Called with the size in bytes of each row that is read. An error stops the load, which returns it.
pub type Budget = Arc<dyn Fn(usize) -> Result<()> + Send + Sync>;

/// A value that is read from the database.
pub(in crate::store) trait MemorySize: Sized {
    /// The length of its text on the heap, in bytes.
    fn text_bytes(&self) -> usize {
        0
    }

    /// All memory that it takes, in bytes.
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.text_bytes()
    }
}

impl MemorySize for i64 {}
impl MemorySize for bool {}
impl MemorySize for Timestamp {}

impl MemorySize for String {
    fn text_bytes(&self) -> usize {
        self.len()
    }
}

impl MemorySize for Rank {
    fn text_bytes(&self) -> usize {
        self.as_str().len()
    }
}

impl<T: MemorySize> MemorySize for Option<T> {
    fn text_bytes(&self) -> usize {
        self.as_ref().map_or(0, T::text_bytes)
    }
}

macro_rules! tuples {
    ($($($type:ident $index:tt)*;)*) => {$(
        impl<$($type: MemorySize),*> MemorySize for ($($type,)*) {
            fn text_bytes(&self) -> usize {
                0 $(+ self.$index.text_bytes())*
            }
        }
    )*};
}

tuples! {
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
}

/// Collects rows as long as the budget lasts.
pub(super) struct CountedRows<'b, R> {
    rows: Vec<R>,
    budget: Option<&'b Budget>,
}

impl<'b, R: MemorySize> CountedRows<'b, R> {
    pub(super) fn new(budget: Option<&'b Budget>) -> Self {
        Self { rows: Vec::new(), budget }
    }

    pub(super) fn push(&mut self, row: R) -> std::result::Result<(), DieselError> {
        if let Some(budget) = self.budget {
            budget(row.bytes()).map_err(BudgetError::wrap)?;
        }
        self.rows.push(row);
        Ok(())
    }

    pub(super) fn into_vec(self) -> Vec<R> {
        self.rows
    }
}

/// Carries an error of a budget through Diesel.
#[derive(Debug)]
struct BudgetError(Error);

impl BudgetError {
    fn wrap(error: Error) -> DieselError {
        DieselError::QueryBuilderError(Box::new(Self(error)))
    }
}

impl fmt::Display for BudgetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the memory budget is exhausted")
    }
}

impl std::error::Error for BudgetError {}

/// The budget's own error, if the budget stopped the load.
pub(super) fn budget_error(error: &DieselError) -> Option<&Error> {
    match error {
        DieselError::QueryBuilderError(error) => {
            error.downcast_ref().map(|BudgetError(error)| error)
        }
        _ => None,
    }
}
