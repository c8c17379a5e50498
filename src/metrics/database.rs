//! The database: connections, statements and errors.

use prometheus::{Histogram, IntCounter, IntGauge, IntGaugeVec, Registry};

use super::label::{
    ByLabel, Label, counter, counters, gauge, gauge_vec, gauges, histograms, label,
};

label! {
    /// The pools of connections.
    Pool: "pool" {
        /// SQLite: connections that read.
        Read = "read",
        /// SQLite: the connection that writes.
        Write = "write",
        /// PostgreSQL: all connections.
        All = "all",
    }
}

label! {
    /// What the open connections of a pool do.
    PoolState: "state" {
        /// A request has it.
        InUse = "in_use",
        /// It waits for a request.
        Idle = "idle",
    }
}

label! {
    /// What a statement belongs to.
    Access: "access" {
        /// A query, or a read of another request.
        Read = "read",
        /// A transaction that may write; its COMMIT counts too.
        Write = "write",
    }
}

label! {
    /// The classes of errors.
    Trouble: "class" {
        /// No connection was free within DATABASE_WAIT_SECONDS.
        NoneFree = "none_free",
        /// No connection could be opened.
        NoConnection = "no_connection",
        /// The connection was lost, or the database is read-only, damaged or full.
        Unavailable = "unavailable",
        /// A conflict between transactions, a timeout, or a lock that was not released in time.
        Contention = "contention",
        /// The connection was lost during a commit.
        OutcomeUnknown = "outcome_unknown",
        /// A defect of the program.
        Internal = "internal",
    }
}

/// From a statement on a row to the default of DATABASE_STATEMENT_SECONDS.
const STATEMENT_SECONDS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 2.0, 5.0, 10.0, 20.0];

/// Up to the default of DATABASE_WAIT_SECONDS.
const WAIT_SECONDS: [f64; 8] = [0.0001, 0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0];

/// The connections of a pool at one moment.
#[derive(Clone, Copy, Debug)]
pub struct PoolStatus {
    /// The pool.
    pub pool: Pool,
    /// The maximum number of connections.
    pub max: usize,
    /// The number of connections that are open.
    pub open: usize,
    /// How many of them are idle.
    pub idle: usize,
    /// The number of requests that wait for a connection.
    pub waiting: usize,
}

/// The database.
pub struct Database {
    /// Whether it responds: 1 or 0.
    pub up: IntGauge,
    /// Waits for a connection.
    pub waits: ByLabel<Pool, Histogram>,
    /// Statements until their last row.
    pub statements: ByLabel<Access, Histogram>,
    /// Transactions that ran again.
    pub retries: IntCounter,
    /// Errors.
    pub errors: ByLabel<Trouble, IntCounter>,
    connections: IntGaugeVec,
    max: ByLabel<Pool, IntGauge>,
    waiting: ByLabel<Pool, IntGauge>,
}

impl Database {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            up: gauge(
                registry,
                "kanban_database_up",
                "Whether the database responds and would write.",
            ),
            waits: histograms(
                registry,
                "kanban_database_wait_seconds",
                "Time that requests waited for a connection.",
                &WAIT_SECONDS,
            ),
            statements: histograms(
                registry,
                "kanban_database_statement_seconds",
                "Time from a statement to its last row.",
                &STATEMENT_SECONDS,
            ),
            retries: counter(
                registry,
                "kanban_database_retries_total",
                "Transactions that ran again after a conflict.",
            ),
            errors: counters(registry, "kanban_database_errors_total", "Errors of the database."),
            connections: gauge_vec(
                registry,
                "kanban_database_connections",
                "Open connections.",
                &[Pool::NAME, PoolState::NAME],
            ),
            max: gauges(
                registry,
                "kanban_database_connections_max",
                "Maximum number of connections; 0 for the pools of the other database.",
            ),
            waiting: gauges(
                registry,
                "kanban_database_waiting",
                "Requests that wait for a connection.",
            ),
        }
    }

    /// Tells the present state of a pool.
    pub fn tell(&self, status: PoolStatus) {
        let PoolStatus { pool, max, open, idle, waiting } = status;
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        for (state, count) in
            [(PoolState::InUse, open.saturating_sub(idle)), (PoolState::Idle, idle)]
        {
            let labels = [pool.text(), state.text()];
            self.connections.with_label_values(&labels).set(number(count));
        }
        self.max.of(pool).set(number(max));
        self.waiting.of(pool).set(number(waiting));
    }
}
