//! WebSockets and event streams: the transports of subscriptions.

mod event_stream;
mod operation;
mod protocol;
mod slots;
mod socket;
mod token;
mod upgrade;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

pub(super) use event_stream::respond;
use slots::{Slot, Slots};
pub(super) use upgrade::{is_upgrade, upgrade};

use super::refusal::Refusal;
use crate::config;
use crate::domain::{UserKey, subscriber};
use crate::graphql::UserWaiting;
use crate::metrics::{self, Limit, Open, Stream};

/// What all WebSockets and event streams share.
pub(super) struct Live {
    limits: config::Live,
    by_address: Slots<IpNet>,
    by_user: Slots<UserKey, Arc<UserWaiting>>,
    /// Event streams keep their HTTP connection, so they must leave some for other requests.
    event_streams: Slots<()>,
    /// Whether the server stops. It has a receiver for each open stream.
    stopping: watch::Sender<bool>,
}

/// The maximum time over which streams are closed when the server stops, so that their clients do not all come back at
/// the same moment.
const SPREAD: Duration = Duration::from_millis(1500);

/// How long the server waits for the client to read the end of a stream, before it cuts the connection.
const LINGER: Duration = Duration::from_secs(1);

impl Live {
    pub(super) fn new(limits: config::Live, max_connections: usize) -> Self {
        Self {
            limits,
            by_address: Slots::new(limits.per_address),
            by_user: Slots::new(limits.per_user),
            event_streams: Slots::new(max_connections.div_ceil(2)),
            stopping: watch::Sender::new(false),
        }
    }

    /// Takes a place for a stream of a client. SERVICE_UNAVAILABLE if there are too many.
    fn enter(&self, address: IpAddr, transport: Stream) -> Result<Place, Refusal> {
        if self.stopping.receiver_count() >= self.limits.streams {
            return Err(too_many(Limit::Streams));
        }
        let slot = self.by_address.take(subscriber(address));
        let slot = slot.ok_or_else(|| too_many(Limit::StreamsPerAddress))?;
        let open = Open::one(metrics::get().live.streams.of(transport));
        let stopping = Stopping { is_stopping: self.stopping.subscribe(), at: None };
        Ok(Place { _slot: slot, _open: open, stopping })
    }

    /// Ends all streams, within a second or two.
    pub(super) async fn stop(&self) {
        self.stopping.send_replace(true);
        self.stopping.closed().await;
    }
}

/// The refusal of a stream when there are too many.
fn too_many(limit: Limit) -> Refusal {
    metrics::get().accounts.refusals.of(limit).inc();
    Refusal::unavailable("There are too many open streams. Try again later.")
}

/// The place of an open stream.
struct Place {
    _slot: Slot<IpNet>,
    _open: Open,
    stopping: Stopping,
}

/// Tells a stream that the server stops.
struct Stopping {
    is_stopping: watch::Receiver<bool>,
    /// When this stream has to end.
    at: Option<Instant>,
}

impl Stopping {
    /// Waits until this stream has to end, because the server stops.
    async fn due(&mut self) {
        // An error means that the server is gone.
        let _ = self.is_stopping.wait_for(|is_stopping| *is_stopping).await;
        let at = *self.at.get_or_insert_with(|| Instant::now() + SPREAD.mul_f32(rand::random()));
        sleep_until(at).await;
    }

    /// Whether the server stops. If so, the stream waits no longer than it must, because its client wants something.
    fn hurry(&mut self) -> bool {
        let is_stopping = *self.is_stopping.borrow();
        if is_stopping {
            self.at = Some(Instant::now());
        }
        is_stopping
    }
}
