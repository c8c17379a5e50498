//! The scenarios, by what they are about.

mod accounts;
mod boards;
mod concurrency;
mod hangup;
mod permissions;
mod schema;
mod statements;

use crate::support::{Check, Scenario};

/// Those that run on each database.
pub fn on_each_database() -> Vec<Scenario> {
    let files = [
        accounts::all(),
        boards::all(),
        concurrency::all(),
        hangup::all(),
        permissions::all(),
        schema::all(),
        statements::all(),
    ];
    files.into_iter().flatten().collect()
}

/// Those that run once.
pub fn once() -> Vec<Check> {
    [schema::checks()].into_iter().flatten().collect()
}
