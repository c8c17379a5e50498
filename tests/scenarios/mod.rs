//! The scenarios, one file for each subject.

mod accounts;
mod attempts;
mod backup;
mod bad_input;
mod boards;
mod bombs;
mod bounds;
mod cache;
mod cache_updates;
mod cli;
mod comments;
mod concurrency;
mod counters;
mod drain;
mod events;
mod filters;
mod hangup;
mod history_pages;
mod http;
mod limits;
mod live;
mod live_copy;
mod live_ends;
mod live_instances;
mod live_protocol;
mod live_settings;
mod locks;
mod logs;
mod mails;
mod metrics;
mod operator;
mod order;
mod outages;
mod paging;
mod people;
mod permissions;
mod persisted;
mod plans;
mod pooler;
mod retries;
mod schema;
mod sending;
mod sessions;
mod settings;
mod silence;
mod site;
mod snapshot;
mod startup;
mod statements;
mod texts;
mod tls;
mod tokens;
mod tour;
mod trash;
mod trusted;
mod upgrade;
mod validation;
mod viewer_cards;

use crate::support::{Check, Scenario};

/// The scenarios that run on each database.
pub fn on_each_database() -> Vec<Scenario> {
    let files = [
        accounts::all(),
        attempts::all(),
        backup::all(),
        boards::all(),
        bounds::all(),
        bombs::all(),
        cache::all(),
        cache_updates::all(),
        limits::all(),
        live::all(),
        live_copy::all(),
        live_ends::all(),
        live_instances::all(),
        live_protocol::all(),
        live_settings::all(),
        locks::all(),
        logs::all(),
        mails::all(),
        metrics::all(),
        operator::all(),
        order::all(),
        outages::all(),
        paging::all(),
        http::all(),
        filters::all(),
        bad_input::all(),
        comments::all(),
        concurrency::all(),
        counters::all(),
        events::all(),
        hangup::all(),
        history_pages::all(),
        permissions::all(),
        persisted::all(),
        pooler::all(),
        retries::all(),
        people::all(),
        viewer_cards::all(),
        schema::all(),
        sending::all(),
        sessions::all(),
        silence::all(),
        site::all(),
        snapshot::all(),
        startup::all(),
        statements::all(),
        texts::all(),
        tokens::all(),
        tour::all(),
        trash::all(),
        trusted::all(),
        upgrade::all(),
        validation::all(),
        plans::all(),
        cli::all(),
        drain::all(),
    ];
    files.into_iter().flatten().collect()
}

/// The checks that run once.
pub fn once() -> Vec<Check> {
    [
        cli::checks(),
        drain::checks(),
        metrics::checks(),
        operator::checks(),
        schema::checks(),
        settings::checks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The checks that run once if PostgreSQL is tested.
pub fn once_with_postgres() -> Vec<Check> {
    tls::checks()
}
