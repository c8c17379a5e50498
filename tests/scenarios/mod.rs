//! The scenarios, by what they are about.

mod accounts;
mod bad_input;
mod boards;
mod bombs;
mod cli;
mod comments;
mod concurrency;
mod events;
mod filters;
mod hangup;
mod history_pages;
mod http;
mod order;
mod paging;
mod permissions;
mod plans;
mod schema;
mod statements;
mod tls;
mod tour;
mod trash;
mod upgrade;

use crate::support::{Check, Scenario};

/// Those that run on each database.
pub fn on_each_database() -> Vec<Scenario> {
    let files = [
        accounts::all(),
        boards::all(),
        bombs::all(),
        order::all(),
        paging::all(),
        http::all(),
        filters::all(),
        bad_input::all(),
        comments::all(),
        concurrency::all(),
        events::all(),
        hangup::all(),
        history_pages::all(),
        permissions::all(),
        schema::all(),
        statements::all(),
        tour::all(),
        trash::all(),
        upgrade::all(),
        plans::all(),
        cli::all(),
    ];
    files.into_iter().flatten().collect()
}

/// Those that run once.
pub fn once() -> Vec<Check> {
    [cli::checks(), schema::checks()].into_iter().flatten().collect()
}

/// Those that run once if PostgreSQL is tested.
pub fn once_with_postgres() -> Vec<Check> {
    tls::checks()
}
