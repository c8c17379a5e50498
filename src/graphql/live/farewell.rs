//! The end of the subscription of a viewer who may no longer see the board.

use std::sync::Arc;

use tokio::time::{Instant, sleep};

use super::delivery::{Delivery, Payload, Sender};
use super::payload::{Draft, MAX_READ, Made, Maker, PATIENCE, PAUSE};
use crate::domain::{Event, Result, Viewer};
use crate::graphql::engine::{Cost, Shape};
use crate::graphql::schema::BoardNews;
use crate::store::events::{self, FormerAccess};

/// The last payloads of a subscriber.
pub(super) struct Farewell {
    pub(super) maker: Arc<Maker>,
    pub(super) viewer: Viewer,
    pub(super) shape: Arc<Shape>,
    /// The latest event that the subscriber knows.
    pub(super) known: i64,
    /// `None` after the last payload.
    pub(super) rest: Option<Rest>,
}

/// What the subscriber does not know yet.
#[derive(Clone, Copy)]
pub(super) enum Rest {
    /// The events up to the one that took the board away.
    Events(FormerAccess),
    /// Unknown: the subscriber gets a payload with `reset`.
    Unknown,
}

impl Farewell {
    /// Sends them, as fast as the subscriber reads them.
    pub(super) async fn run(self, sender: Sender) {
        send_all(self, &sender).await;
    }

    /// The next events that fit into a payload.
    async fn news(&self, draft: &Draft, access: FormerAccess) -> Result<(BoardNews, Cost)> {
        let mut conn = draft.read().await?;
        let read = events::of_former_member(&mut conn, access, self.known, MAX_READ).await;
        let (events, cost) = self.maker.fitting_events(read, &self.shape)?;
        Ok(match events.last().map(|event| event.sequence) {
            Some(sequence) => (news(events, sequence, false), cost),
            None => (reset(access.end), 0),
        })
    }

    async fn execute(&self, draft: Draft, news: BoardNews, cost: Cost) -> Result<Made> {
        self.maker.execute(draft, &self.shape, news, cost).await
    }
}

fn news(events: Vec<Arc<Event>>, sequence: i64, is_reset: bool) -> BoardNews {
    BoardNews { events: events.into(), sequence, is_reset, board: None }
}

fn reset(sequence: i64) -> BoardNews {
    news(Vec::new(), sequence, true)
}

/// Makes payloads, one after the other.
trait Payloads: Send {
    /// The next payload; `None` after the last one. May be tried again after an error.
    fn next(&mut self) -> impl Future<Output = Result<Option<Payload>>> + Send;
}

impl Payloads for Farewell {
    async fn next(&mut self) -> Result<Option<Payload>> {
        let Some(rest) = self.rest else { return Ok(None) };
        let draft = self.maker.draft(self.viewer);
        let (last, (news, cost)) = match rest {
            Rest::Events(access) => (access.end, self.news(&draft, access).await?),
            Rest::Unknown => (self.known, (reset(self.known), 0)),
        };
        let (mut sequence, is_reset) = (news.sequence, news.is_reset);
        let mut made = self.execute(draft, news, cost).await?;
        if made.exceeds_limit && !is_reset {
            sequence = last;
            made = self.execute(self.maker.draft(self.viewer), reset(last), 0).await?;
        }
        self.known = sequence;
        // After `reset` nothing follows: its sequence is that of the last event.
        if sequence >= last {
            self.rest = None;
        }
        Ok(Some(made.payload))
    }
}

/// Sends payloads until the last one, or until nobody receives them any more.
async fn send_all(mut payloads: impl Payloads, sender: &Sender) {
    let mut failing = None;
    loop {
        sender.ready().await;
        if sender.is_closed() {
            return;
        }
        match payloads.next().await {
            Ok(Some(payload)) => {
                failing = None;
                sender.send(&Arc::new(payload));
            }
            Ok(None) => return sender.end(Delivery::Complete),
            Err(_) if failing.get_or_insert_with(Instant::now).elapsed() < PATIENCE => {
                sleep(PAUSE).await;
            }
            Err(_) => return sender.end(Delivery::Failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::StreamExt;

    use super::*;
    use crate::domain::Error;
    use crate::graphql::live::delivery::{Waiting, channel};
    use crate::metrics::Subscribed;

    /// Five payloads, or only errors. Counts how often one is asked for.
    struct Five<'a> {
        asked: &'a AtomicUsize,
        is_failing: bool,
    }

    impl Payloads for Five<'_> {
        async fn next(&mut self) -> Result<Option<Payload>> {
            let asked = self.asked.fetch_add(1, Ordering::Relaxed);
            if self.is_failing {
                return Err(Error::Unavailable);
            }
            Ok((asked < 5).then(|| Payload::of_json("{}")))
        }
    }

    #[tokio::test]
    async fn all_are_sent_to_a_subscriber_who_reads_and_no_more_are_made_for_one_who_has_left() {
        // One may be made before it is known that the subscriber has left.
        for (reads, least, most) in [(9, 6, 6), (2, 2, 3), (0, 0, 1)] {
            let asked = AtomicUsize::new(0);
            let (sender, mut deliveries) =
                channel(&Waiting::new(100, Arc::default()), Subscribed::Board);
            let reading = async {
                let mut read = 0;
                while read < reads && matches!(deliveries.next().await, Some(Delivery::Payload(_)))
                {
                    read += 1;
                }
                tokio::task::yield_now().await;
                drop(deliveries);
                read
            };
            let sending = send_all(Five { asked: &asked, is_failing: false }, &sender);
            let (read, ()) = tokio::join!(reading, sending);
            let asked = asked.into_inner();
            assert_eq!(read, reads.min(5));
            assert!((least..=most).contains(&asked), "{reads}: {asked}");
        }
    }

    #[tokio::test]
    async fn nothing_is_tried_again_for_a_subscriber_who_has_left() {
        let asked = AtomicUsize::new(0);
        let (sender, deliveries) = channel(&Waiting::new(100, Arc::default()), Subscribed::Board);
        let sending = send_all(Five { asked: &asked, is_failing: true }, &sender);
        tokio::join!(sending, async { drop(deliveries) });
        assert_eq!(asked.into_inner(), 1);
    }
}
