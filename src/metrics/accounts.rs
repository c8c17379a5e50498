//! Log-ins, mails, and requests that a limit has refused.

use prometheus::{IntCounter, Registry};

use super::label::{ByLabel, counter, counters, label};

label! {
    /// The outcome of a log-in.
    LogIn: "result" {
        /// A session has begun.
        Ok = "ok",
        /// The address or the password is wrong.
        Wrong = "wrong",
        /// Both are right, but the address is not verified.
        Unverified = "unverified",
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
        /// RATE_LIMIT_PER_SESSION.
        Session = "session",
        /// Look-ups of accounts by one viewer.
        LookUps = "look_ups",
        /// Mails to one address.
        Mails = "mails",
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

label! {
    /// The outcome of an attempt to send a mail.
    Mailing: "result" {
        /// The mail server has accepted it.
        Sent = "sent",
        /// It is tried again.
        Postponed = "postponed",
        /// It was refused for good, or could not be sent for a day.
        Dropped = "dropped",
    }
}

/// Log-ins, mails, and requests that a limit has refused.
pub struct Accounts {
    /// Log-ins.
    pub log_ins: ByLabel<LogIn, IntCounter>,
    /// Refresh tokens that were presented again within ten seconds.
    pub repeated_tokens: IntCounter,
    /// Refresh tokens that were used again later, perhaps by a thief.
    pub reused_tokens: IntCounter,
    /// Mails.
    pub mails: ByLabel<Mailing, IntCounter>,
    /// Refusals.
    pub refusals: ByLabel<Limit, IntCounter>,
}

impl Accounts {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            log_ins: counters(registry, "kanban_log_ins_total", "Log-ins."),
            repeated_tokens: counter(
                registry,
                "kanban_refresh_tokens_repeated_total",
                "Refresh tokens that were presented again within ten seconds.",
            ),
            reused_tokens: counter(
                registry,
                "kanban_refresh_tokens_reused_total",
                "Refresh tokens that were used again, whose sessions were ended.",
            ),
            mails: counters(registry, "kanban_mails_total", "Attempts to send a mail."),
            refusals: counters(
                registry,
                "kanban_limit_refusals_total",
                "Requests that a limit has refused.",
            ),
        }
    }
}
