//! What Prometheus reads: counters, gauges and histograms of all layers (`docs/metrics.md` lists them), and
//! [`work`], what a request has done.
//!
//! They belong to the process and not to a server, because errors are counted where they are converted, far from any
//! state. The handles of all series but those of operations are made at the start, so that counting is one atomic
//! addition. No label has a value that a client chooses, except the names of operations, whose number is limited.

mod accounts;
mod database;
mod documents;
mod jobs;
mod label;
mod live;
mod requests;
pub mod work;

use std::sync::LazyLock;

use prometheus::{Encoder, Registry, TextEncoder};

pub use accounts::{Accounts, Limit, LogIn, Mailing};
pub use database::{Access, Database, Pool, PoolState, PoolStatus, Trouble};
pub use documents::{Documents, Lookup, Refused};
pub use jobs::{Job, Jobs, Outcome};
pub use label::ByLabel;
pub use live::{EndReason, Live, Open, Stream, Subscribed};
pub use requests::{Kind, Operation, Requests};

/// All metrics.
pub struct Metrics {
    /// Requests.
    pub requests: Requests,
    /// Documents and cached results.
    pub documents: Documents,
    /// The database.
    pub database: Database,
    /// Subscriptions.
    pub live: Live,
    /// Log-ins and limits.
    pub accounts: Accounts,
    /// Maintenance.
    pub jobs: Jobs,
    registry: Registry,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// The metrics of this process.
pub fn get() -> &'static Metrics {
    &METRICS
}

/// The media type of [`Metrics::text`].
pub const MEDIA_TYPE: &str = prometheus::TEXT_FORMAT;

impl Metrics {
    fn new() -> Self {
        let registry = Registry::new();
        #[cfg(target_os = "linux")]
        label::register(&registry, prometheus::process_collector::ProcessCollector::for_self());
        Self {
            requests: Requests::new(&registry),
            documents: Documents::new(&registry),
            database: Database::new(&registry),
            live: Live::new(&registry),
            accounts: Accounts::new(&registry),
            jobs: Jobs::new(&registry),
            registry,
        }
    }

    /// All series as text.
    pub fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        // Fails only if a metric has no samples, which `gather` leaves out.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        text
    }
}
