//! The settings of WebSockets and event streams.

use std::time::Duration;

use clap::Args;

use super::parsers::{kib, number, seconds};

/// The limits of WebSockets and event streams.
#[derive(Args, Clone, Copy, Debug)]
pub struct Live {
    /// Maximum number of open WebSockets and event streams of this process. Further ones get
    /// SERVICE_UNAVAILABLE.
    #[arg(id = "LIVE_MAX_STREAMS", long, env, default_value = "20000", value_parser = number::<usize>(0..=1_000_000))]
    pub streams: usize,
    /// The same for one client address (IPv6: one /64 network).
    #[arg(id = "LIVE_MAX_STREAMS_PER_ADDRESS", long, env, default_value = "1000", value_parser = number::<usize>(1..=1_000_000))]
    pub per_address: usize,
    /// The same for one user.
    #[arg(id = "LIVE_MAX_STREAMS_PER_USER", long, env, default_value = "100", value_parser = number::<usize>(1..=1_000_000))]
    pub per_user: usize,
    /// Maximum number of operations that run on one WebSocket at the same time.
    #[arg(id = "LIVE_MAX_OPERATIONS", long, env, default_value = "100", value_parser = number::<usize>(1..=10_000))]
    pub operations: usize,
    /// Maximum size of a message from a client on a WebSocket, in KiB.
    ///
    /// The field is in bytes.
    #[arg(id = "LIVE_MAX_MESSAGE_KIB", long, env, default_value = "256", value_parser = kib(1..=65_536))]
    pub message: usize,
    /// Size in KiB of the payloads that may wait on one WebSocket or event stream; four times as much
    /// may wait for all of one user. While more wait, no further ones are made, and each subscription
    /// gets what it has missed in its next one. A client that does not read at all is disconnected
    /// after HTTP_WRITE_SECONDS.
    ///
    /// The field is in bytes.
    #[arg(id = "LIVE_MAX_WAITING_KIB", long, env, default_value = "4096", value_parser = kib(1..=1_048_576))]
    pub waiting: usize,
    /// Time in seconds within which a client must send `connection_init` on a WebSocket.
    #[arg(id = "LIVE_INIT_SECONDS", long, env, default_value = "5", value_parser = seconds(1..=600))]
    pub init_time: Duration,
    /// Time in seconds between two pings on a WebSocket, and between two comments on an event stream. A
    /// client that has not answered a ping when the next one is due is disconnected.
    #[arg(id = "LIVE_PING_SECONDS", long, env, default_value = "15", value_parser = seconds(1..=3600))]
    pub ping_time: Duration,
}
