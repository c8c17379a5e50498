//! How payloads reach a subscriber.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::Notify;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::domain::Timestamp;
use crate::graphql::engine::{Answer, Budget, Transfer};
use crate::metrics::{self, Open, Subscribed};

/// The number of payloads that wait for a subscriber. While there are so many, no more are made for it: it gets what it
/// has missed in one payload, as soon as it reads.
const PAYLOADS: usize = 3;

/// What may be sent at once: a payload and the end of the subscription.
const AT_ONCE: usize = 2;

/// What a subscriber gets.
pub enum Delivery {
    /// The next payload. Subscribers may share it.
    Payload(Arc<Payload>),
    /// The viewer may no longer see what they followed.
    Complete,
    /// The database is not available: the subscription ends, and may be tried again later.
    Failed,
}

/// An execution result that a socket or an event stream sends.
pub struct Payload {
    /// As JSON.
    pub json: String,
    /// When what it tells has changed, if the subscriber has waited for it.
    pub(super) changed: Option<Timestamp>,
    memory: Option<Arc<Budget>>,
}

impl Payload {
    /// The result in the answer, with its memory.
    pub fn of(mut answer: Answer) -> Self {
        let memory = answer.memory.take();
        Self { json: answer.into_json(), changed: None, memory }
    }

    /// Begins to send it to one subscriber. `close` closes the connection if its client reads slowly and others need the
    /// memory.
    pub fn transfer(&self, close: impl Fn() + Send + 'static) -> Option<Transfer> {
        Budget::transfer(&self.memory, close)
    }

    #[cfg(test)]
    pub(super) fn of_json(json: &str) -> Self {
        Self { json: json.to_owned(), changed: None, memory: None }
    }
}

/// For all clients of a user, so many times the bytes of one may wait.
const CLIENTS: usize = 4;

/// Counts the bytes of payloads that wait for all clients of a user.
#[derive(Default)]
pub struct UserWaiting {
    bytes: AtomicUsize,
    /// Told when a payload is read.
    read: Notify,
}

/// Counts the bytes of payloads that wait for one client of a user. They take memory that queries of others need too.
#[derive(Clone)]
pub struct Waiting {
    bytes: Arc<AtomicUsize>,
    user: Arc<UserWaiting>,
    max: usize,
}

impl Waiting {
    /// For at most so many bytes.
    pub fn new(max: usize, user: Arc<UserWaiting>) -> Self {
        Self { bytes: Arc::default(), user, max }
    }

    fn is_full(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > self.max
            || self.user.bytes.load(Ordering::Relaxed) > self.max.saturating_mul(CLIENTS)
    }

    /// Waits until it is not full.
    async fn room(&self) {
        loop {
            let mut read = std::pin::pin!(self.user.read.notified());
            // From now on no call of `notify_waiters` is missed.
            read.as_mut().enable();
            if !self.is_full() {
                return;
            }
            read.await;
        }
    }

    fn add(&self, payload: &Payload) {
        self.bytes.fetch_add(payload.json.len(), Ordering::Relaxed);
        self.user.bytes.fetch_add(payload.json.len(), Ordering::Relaxed);
    }

    fn remove(&self, delivery: &Delivery) {
        if let Delivery::Payload(payload) = delivery {
            self.bytes.fetch_sub(payload.json.len(), Ordering::Relaxed);
            self.user.bytes.fetch_sub(payload.json.len(), Ordering::Relaxed);
            self.user.read.notify_waiters();
        }
    }
}

/// Sends to one subscriber.
#[derive(Clone)]
pub(super) struct Sender {
    sender: mpsc::Sender<Delivery>,
    waiting: Waiting,
}

/// The payloads of one subscription. Dropping it ends the subscription.
pub struct Deliveries {
    received: mpsc::Receiver<Delivery>,
    waiting: Waiting,
    /// Tells the sender that nobody receives any more.
    on_leave: Option<Box<dyn FnOnce() + Send>>,
    _open: Open,
}

pub(super) fn channel(waiting: &Waiting, field: Subscribed) -> (Sender, Deliveries) {
    let (sender, received) = mpsc::channel(PAYLOADS);
    let (waiting, on_leave) = (waiting.clone(), None);
    let open = Open::one(metrics::get().live.subscriptions.of(field));
    let sender = Sender { sender, waiting: waiting.clone() };
    (sender, Deliveries { received, waiting, on_leave, _open: open })
}

impl Sender {
    /// Whether a payload and the end of the subscription can be sent now.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.capacity() >= AT_ONCE && !self.waiting.is_full()
    }

    /// Whether nobody receives any more.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Waits until the receiver is dropped.
    pub(super) async fn closed(&self) {
        self.sender.closed().await;
    }

    /// Ready when nothing waits for this subscriber and not too much for the client and the user, or nobody receives any
    /// more.
    pub(super) fn ready(&self) -> impl Future<Output = ()> + Send + 'static {
        let (sender, waiting) = (self.sender.clone(), self.waiting.clone());
        async move {
            drop(sender.reserve_many(PAYLOADS).await);
            tokio::select! {
                () = waiting.room() => {}
                () = sender.closed() => {}
            }
        }
    }

    /// Sends if [`Self::is_ready`].
    pub(super) fn send(&self, payload: &Arc<Payload>) {
        self.waiting.add(payload);
        let sent = self.sender.try_send(Delivery::Payload(Arc::clone(payload)));
        if let Err(TrySendError::Full(delivery) | TrySendError::Closed(delivery)) = sent {
            self.waiting.remove(&delivery);
        }
    }

    /// Ends the subscription.
    pub(super) fn end(&self, delivery: Delivery) {
        let _ = self.sender.try_send(delivery);
    }
}

impl Deliveries {
    /// Calls a function when the subscriber leaves.
    pub(super) fn on_leave(mut self, leave: impl FnOnce() + Send + 'static) -> Self {
        self.on_leave = Some(Box::new(leave));
        self
    }
}

impl Stream for Deliveries {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        let polled = self.received.poll_recv(cx);
        if let Poll::Ready(Some(delivery)) = &polled {
            self.waiting.remove(delivery);
            if let Delivery::Payload(payload) = delivery {
                metrics::get().live.deliver(payload.changed.map(Timestamp::micros));
            }
        }
        polled
    }
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        self.received.close();
        while let Ok(delivery) = self.received.try_recv() {
            self.waiting.remove(&delivery);
        }
        if let Some(leave) = self.on_leave.take() {
            leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;

    fn payload(bytes: usize) -> Arc<Payload> {
        Arc::new(Payload::of_json(&"x".repeat(bytes)))
    }

    fn read(deliveries: &mut Deliveries) {
        let next = deliveries.next().now_or_never().flatten();
        assert!(matches!(next, Some(Delivery::Payload(_))));
    }

    #[test]
    fn what_waits_is_bounded_and_counted_until_it_is_read() {
        let waiting = Waiting::new(100, Arc::default());
        let (sender, mut deliveries) = channel(&waiting, Subscribed::Board);
        let (other, _others) = channel(&waiting, Subscribed::Board);
        assert!(sender.is_ready());
        sender.send(&payload(200));
        assert!(!sender.is_ready() && sender.ready().now_or_never().is_none());
        assert!(!other.is_ready(), "too much waits for the client");
        let mut ready = Box::pin(other.ready());
        assert!((&mut ready).now_or_never().is_none());
        read(&mut deliveries);
        assert!(ready.now_or_never().is_some());
        assert!(sender.is_ready() && sender.ready().now_or_never().is_some());
        sender.send(&payload(60));
        assert!(sender.is_ready());
        sender.send(&payload(40));
        assert!(!sender.is_ready(), "the end of the subscription would not fit");
        drop(deliveries);
        assert_eq!(waiting.bytes.load(Ordering::Relaxed), 0);
        assert_eq!(waiting.user.bytes.load(Ordering::Relaxed), 0);
        assert!(sender.is_closed());
    }

    #[test]
    fn what_waits_for_all_clients_of_a_user_is_bounded() {
        let user = Arc::new(UserWaiting::default());
        let client = || channel(&Waiting::new(100, Arc::clone(&user)), Subscribed::Board);
        let mut clients: Vec<_> = (0..5).map(|_| client()).collect();
        for (sender, _) in &clients[..4] {
            sender.send(&payload(110));
        }
        assert!(!clients[4].0.is_ready() && clients[4].0.ready().now_or_never().is_none());
        let (stranger, _news) = channel(&Waiting::new(100, Arc::default()), Subscribed::Board);
        assert!(stranger.is_ready());
        read(&mut clients[0].1);
        assert!(clients[4].0.is_ready() && clients[4].0.ready().now_or_never().is_some());
        drop(clients);
        assert_eq!(user.bytes.load(Ordering::Relaxed), 0);
    }
}
