//! How payloads reach a subscriber.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::mpsc;

use crate::graphql::Pieces;
use crate::graphql::engine::Answer;

/// The number of payloads that wait for a subscriber. While there are so many, no more are made for it: it gets what it
/// has missed in one payload, as soon as it reads.
pub(super) const WAITING: usize = 3;

/// What may be sent at once: a payload and the end of the subscription.
pub(super) const SENT_AT_ONCE: usize = 2;

/// What a subscriber gets.
pub enum Delivery {
    /// The next payload. Subscribers may share it.
    Payload(Arc<Payload>),
    /// The viewer may no longer see what they followed.
    Complete,
    /// The database is not available: the subscription ends, and may be tried again later.
    Failed,
}

/// The JSON of a payload.
pub struct Payload {
    /// An execution result.
    pub json: String,
    /// Holds the memory of the payload. In a mutex, because it cannot be shared by itself.
    _guard: Mutex<Option<Box<dyn Send>>>,
}

impl Payload {
    pub(super) fn of(mut answer: Answer) -> Self {
        let guard = Mutex::new(answer.guard.take());
        Self { json: Pieces::of(answer).into_text(), _guard: guard }
    }
}

/// The payloads of one subscription. Dropping it ends the subscription.
pub struct Deliveries {
    pub(super) received: mpsc::Receiver<Delivery>,
    /// Tells the sender that nobody receives any more.
    pub(super) _leave: Box<dyn Send>,
}

impl Stream for Deliveries {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.received.poll_recv(cx)
    }
}

/// Runs a function when it is dropped.
pub(super) struct OnDrop<F: FnMut()>(pub(super) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
