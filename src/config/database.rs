//! The database settings.

use std::time::Duration;

use clap::Args;

use super::database_url::{DatabaseUrl, postgres_url};
use super::parsers::{number, seconds};
use super::postgres_url::PostgresUrl;

/// The database settings.
#[derive(Args, Clone, Debug)]
pub struct Database {
    /// sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME. For PostgreSQL, sslmode may be disable,
    /// prefer, require (encrypts, but accepts any certificate) or verify-full; with verify-full,
    /// sslrootcert may name a PEM file with the trusted root certificates. DATABASE_URL_FILE names a file
    /// with the URL instead.
    #[arg(id = "DATABASE_URL", long, env, default_value = "sqlite://kanban.db")]
    pub url: DatabaseUrl,
    /// A PostgreSQL URL for LISTEN, if DATABASE_URL leads through a pooler in transaction mode, which
    /// passes no notifications on. Without it, changes of other instances reach subscribers within a few
    /// seconds instead of at once. DATABASE_LISTEN_URL_FILE names a file with the URL instead.
    #[arg(id = "DATABASE_LISTEN_URL", long, env, value_parser = postgres_url)]
    pub listen_url: Option<Box<PostgresUrl>>,
    /// Maximum number of open connections (SQLite: read connections, in addition to one write
    /// connection).
    #[arg(id = "DATABASE_POOL_SIZE", long, env, default_value = "10", value_parser = number::<usize>(1..=1000))]
    pub pool_size: usize,
    /// Maximum time in seconds that a request waits for a connection or a lock before it fails with
    /// SERVICE_UNAVAILABLE.
    #[arg(id = "DATABASE_WAIT_SECONDS", long, env, default_value = "5", value_parser = seconds(1..=600))]
    pub wait: Duration,
    /// Maximum run time of one statement on PostgreSQL, and the time during which a query may start
    /// new statements, in seconds. Capped at HTTP_REQUEST_SECONDS.
    #[arg(id = "DATABASE_STATEMENT_SECONDS", long, env, default_value = "20", value_parser = seconds(1..=3600))]
    pub statement_timeout: Duration,
    /// The time after which a statement is logged: `LOG_SLOW_STATEMENT_MS`.
    #[arg(skip)]
    pub slow_statement: Duration,
}
