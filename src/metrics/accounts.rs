//! Log-ins, and requests that a limit has refused.

use prometheus::{IntCounter, Registry};

use super::label::{ByLabel, counter, counters, label};

label! {
    /// The outcome of a log-in.
    LogIn: "result" {
        /// A session has begun.
        Ok = "ok",
        /// The address or the password is wrong.
        Wrong = "wrong",
        /// There were too many attempts.
        Limited = "limited",
        /// It failed for another reason, such as an outage.
        Failed = "failed",
    }
}

label! {
    /// The limits that refuse a request because of its client or the load.
    Limit: "limit" {
        /// RATE_LIMIT_PER_ACCOUNT.
        Account = "account",
        /// RATE_LIMIT_PER_ADDRESS.
        Address = "address",
        /// The queue of passwords to hash.
        Passwords = "passwords",
        /// LIVE_MAX_STREAMS and half of HTTP_MAX_CONNECTIONS.
        Streams = "streams",
        /// LIVE_MAX_STREAMS_PER_ADDRESS.
        StreamsPerAddress = "streams_per_address",
        /// LIVE_MAX_STREAMS_PER_USER.
        StreamsPerUser = "streams_per_user",
        /// LIVE_MAX_OPERATIONS.
        Operations = "operations",
        /// GRAPHQL_MEMORY_MIB.
        Memory = "memory",
    }
}

/// Log-ins, and requests that a limit has refused.
pub struct Accounts {
    /// Log-ins.
    pub log_ins: ByLabel<LogIn, IntCounter>,
    /// Refresh tokens that were used again, perhaps by a thief.
    pub reused_tokens: IntCounter,
    /// Refusals.
    pub refusals: ByLabel<Limit, IntCounter>,
}

impl Accounts {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            log_ins: counters(registry, "kanban_log_ins_total", "Log-ins."),
            reused_tokens: counter(
                registry,
                "kanban_refresh_tokens_reused_total",
                "Refresh tokens that were used again, whose sessions were ended.",
            ),
            refusals: counters(
                registry,
                "kanban_limit_refusals_total",
                "Requests that a limit has refused.",
            ),
        }
    }
}
