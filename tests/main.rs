//! The integration tests. Each scenario talks HTTP to a server with a new database: always on SQLite,
//! and also on PostgreSQL when `TEST_DATABASE_URL` names a server and a role with CREATEDB.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![allow(clippy::too_many_lines, reason = "a scenario reads from top to bottom")]
#![allow(
    unreachable_pub,
    clippy::unused_async,
    reason = "a single test crate; checks are async because scenarios are"
)]

mod scenarios;
mod support;

use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use support::{Backend, Template};

fn main() {
    let mut arguments = Arguments::from_args();
    // Scenarios mostly wait for the network and the disk, so run more of them than there are cores.
    arguments.test_threads.get_or_insert(8);
    let runtime = Arc::new(kanban::app::runtime().unwrap());
    let postgres = std::env::var("TEST_DATABASE_URL")
        .ok()
        .map(|url| Backend::Postgres(Arc::new(runtime.block_on(Template::create(&url)))));
    let backends: Vec<Backend> = std::iter::once(Backend::Sqlite).chain(postgres.clone()).collect();

    let mut trials = Vec::new();
    for scenario in scenarios::on_each_database() {
        for backend in &backends {
            let (runtime, backend) = (Arc::clone(&runtime), backend.clone());
            let name = format!("{}::{}", backend.name(), scenario.name);
            trials.push(Trial::test(name, move || {
                runtime.block_on(support::run(backend, scenario.run))
            }));
        }
    }
    let with_postgres = postgres.iter().flat_map(|_| scenarios::once_with_postgres());
    for check in scenarios::once().into_iter().chain(with_postgres) {
        let runtime = Arc::clone(&runtime);
        trials.push(Trial::test(check.name, move || {
            runtime.block_on(support::within_bounds((check.run)()));
            Ok(())
        }));
    }

    let conclusion = libtest_mimic::run(&arguments, trials);
    if let Some(Backend::Postgres(template)) = &postgres {
        runtime.block_on(template.drop_database());
    }
    for backend in &backends {
        println!("{}: {} scenarios ran", backend.name(), backend.finished());
    }
    if postgres.is_none() {
        println!("postgres: NOT TESTED, because TEST_DATABASE_URL is not set");
    }
    let is_complete = arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list;
    if is_complete && !conclusion.has_failed() {
        let unseen = support::error_codes::unseen();
        assert!(unseen.is_empty(), "no test has seen these documented errors: {unseen:?}");
    }
    conclusion.exit();
}
