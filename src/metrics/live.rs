//! Subscriptions and their streams.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus::{Histogram, IntCounter, IntGauge, Registry};

use super::label::{ByLabel, counter, counters, gauges, histogram, label};

label! {
    /// The transports of subscriptions.
    Stream: "transport" {
        /// A WebSocket.
        WebSocket = "websocket",
        /// An event stream.
        EventStream = "event_stream",
    }
}

label! {
    /// What subscriptions follow.
    Subscribed: "field" {
        /// A board.
        Board = "boardEvents",
        /// The list of boards.
        Boards = "viewerBoards",
    }
}

label! {
    /// Why a stream has ended.
    EndReason: "reason" {
        /// The client has left.
        Left = "left",
        /// The client did not answer a ping.
        Silent = "silent",
        /// The connection was lost, or the client did not read within HTTP_WRITE_SECONDS.
        Lost = "lost",
        /// The client broke the protocol.
        Protocol = "protocol",
        /// The access token was rejected, or is no longer valid.
        Token = "token",
        /// The database was out of reach, or the user has too many streams.
        Unavailable = "unavailable",
        /// The server stops.
        Shutdown = "shutdown",
    }
}

/// A change of another instance arrives within milliseconds, or with a sweep after two seconds.
const LAG_SECONDS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 5.0, 30.0];

/// Subscriptions and their streams.
pub struct Live {
    /// Open streams.
    pub streams: ByLabel<Stream, IntGauge>,
    /// Running subscriptions.
    pub subscriptions: ByLabel<Subscribed, IntGauge>,
    /// Payloads for subscribers.
    payloads: IntCounter,
    lag: Histogram,
    /// Connections whose client has not read.
    pub dropped_readers: IntCounter,
    /// Ends of WebSockets.
    pub ends: ByLabel<EndReason, IntCounter>,
}

impl Live {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            streams: gauges(registry, "kanban_live_streams", "Open WebSockets and event streams."),
            subscriptions: gauges(registry, "kanban_live_subscriptions", "Running subscriptions."),
            payloads: counter(
                registry,
                "kanban_live_payloads_total",
                "Payloads that were handed to a stream.",
            ),
            lag: histogram(
                registry,
                "kanban_live_lag_seconds",
                "Time from a change of a board to the moment when its payload is sent.",
                &LAG_SECONDS,
            ),
            dropped_readers: counter(
                registry,
                "kanban_dropped_readers_total",
                "Connections that were closed because the client did not read for HTTP_WRITE_SECONDS, or read slowly while others needed the memory.",
            ),
            ends: counters(registry, "kanban_live_ends_total", "WebSockets that have ended."),
        }
    }
}

impl Live {
    /// Counts a payload that a stream sends now. `changed` is the time of the change that it tells, in microseconds since
    /// the Unix epoch.
    pub fn deliver(&self, changed: Option<i64>) {
        self.payloads.inc();
        if let Some(changed) = changed.and_then(|micros| u64::try_from(micros).ok()) {
            let changed = UNIX_EPOCH + Duration::from_micros(changed);
            // The clocks of instances differ a little.
            let lag = SystemTime::now().duration_since(changed).unwrap_or_default();
            self.lag.observe(lag.as_secs_f64());
        }
    }
}

/// Counts something that is open until it is dropped.
pub struct Open(&'static IntGauge);

impl Open {
    /// Counts one more.
    pub fn one(of: &'static IntGauge) -> Self {
        of.inc();
        Self(of)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
