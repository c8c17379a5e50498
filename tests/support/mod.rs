//! Test support: servers, users, requests and responses.

mod bombs;
mod client;
mod database;
pub mod error_codes;
mod list;
mod lock;
mod mail;
mod metrics;
pub mod persisted;
mod process;
mod proxy;
mod role;
mod server;
mod socket;

pub use bombs::bombs;
pub use client::{Answer, User, column, text};
pub use database::{Backend, Template, count, execute};
pub use list::List;
pub use lock::{Lock, postgres};
pub use mail::{MailServer, ReceivedMail};
pub use process::{Process, Watched, kanban};
pub use proxy::{Network, Proxy};
pub use role::Role;
pub use server::{LogIn, SECRET, Server, config_with};
pub use socket::{Events, Received, Socket, ask_for_events, kinds};

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use libtest_mimic::Failed;

/// A scenario, which runs on each kind of database.
#[derive(Clone, Copy)]
pub struct Scenario {
    pub name: &'static str,
    pub run: fn(Arc<Server>) -> BoxFuture<'static, ()>,
}

/// A check that needs no database, or creates its own.
#[derive(Clone, Copy)]
pub struct Check {
    pub name: &'static str,
    pub run: fn() -> BoxFuture<'static, ()>,
}

/// Lists the scenarios of a file. A function that is missing from the list causes a dead-code warning.
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        pub fn all() -> Vec<$crate::support::Scenario> {
            vec![$($crate::support::Scenario {
                name: concat!(module_path!(), "::", stringify!($name)),
                run: |server| Box::pin($name(server)),
            }),*]
        }
    };
}

/// Lists the checks of a file.
macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        pub fn checks() -> Vec<$crate::support::Check> {
            vec![$($crate::support::Check {
                name: concat!(module_path!(), "::", stringify!($name)),
                run: || Box::pin($name()),
            }),*]
        }
    };
}

/// Waits until a condition is true. (A function would need a future that is `Send` for every lifetime.)
macro_rules! eventually {
    ($what:literal, $condition:expr) => {
        let began = std::time::Instant::now();
        while !$condition {
            assert!(began.elapsed() < std::time::Duration::from_mins(1), $what);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
}
pub(crate) use {checks, eventually, scenarios};

/// Longer than any scenario takes on a slow machine. A scenario that hangs fails after this time.
const BOUND: Duration = Duration::from_mins(6);

/// Panics if the scenario does not end within `BOUND`.
pub fn within_bounds(scenario: BoxFuture<'static, ()>) -> AssertUnwindSafe<BoxFuture<'static, ()>> {
    AssertUnwindSafe(Box::pin(async {
        assert!(
            tokio::time::timeout(BOUND, scenario).await.is_ok(),
            "did not end within {BOUND:?}"
        );
    }))
}

/// Runs a scenario against a new server and cleans up even if it panics.
pub async fn run(
    backend: Backend,
    scenario: fn(Arc<Server>) -> BoxFuture<'static, ()>,
) -> Result<(), Failed> {
    let database = backend.database().await;
    let server = Arc::new(Server::start(database.url()).await);
    let result = within_bounds(scenario(Arc::clone(&server))).catch_unwind().await;
    server.stop().await;
    database.drop_database().await;
    backend.finish();
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        text.unwrap_or_else(|| "panicked".into()).into()
    })
}
