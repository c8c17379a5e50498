//! The scenarios, by what they are about.

mod accounts;
mod boards;

use crate::support::{Check, Scenario};

/// Those that run on each database.
pub fn on_each_database() -> Vec<Scenario> {
    [accounts::all(), boards::all()].into_iter().flatten().collect()
}

/// Those that run once.
pub fn once() -> Vec<Check> {
    Vec::new()
}
