//! The end of the subscription of a viewer who may no longer see the board.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::{Instant, sleep};

use super::delivery::{Delivery, Payload, Sender};
use super::payload::{Maker, PATIENCE, PAUSE};
use crate::domain::{Event, Result, Viewer};
use crate::graphql::engine::Shape;
use crate::graphql::schema::BoardNews;

/// Sends the last payloads, as fast as the subscriber reads them.
pub(super) struct Farewell {
    pub(super) maker: Arc<Maker>,
    pub(super) viewer: Viewer,
    pub(super) shape: Arc<Shape>,
    pub(super) sender: Sender,
}

impl Farewell {
    /// `events` are those that the subscriber does not know, up to the one that took the board away.
    pub(super) async fn run(self, events: VecDeque<Arc<Event>>) {
        let (mut events, mut failing) = (events, None);
        while let Some(last) = events.back() {
            let last = last.sequence;
            let (count, cost) = self.maker.fitting(events.make_contiguous(), &self.shape);
            let batch: Vec<_> = events.iter().take(count).cloned().collect();
            let news = match batch.last().map(|event| event.sequence) {
                Some(sequence) => news(batch, sequence),
                None => reset(last),
            };
            self.sender.ready().await;
            match self.make(news, last, cost).await {
                Ok((payload, is_reset)) => {
                    self.sender.send(&Arc::new(payload));
                    if is_reset {
                        break;
                    }
                    events.drain(..count);
                }
                Err(_) if failing.get_or_insert_with(Instant::now).elapsed() < PATIENCE => {
                    sleep(PAUSE).await;
                }
                Err(_) => return self.sender.end(Delivery::Failed),
            }
        }
        self.sender.end(Delivery::Complete);
    }

    /// The payload, and whether it is `reset`.
    async fn make(&self, news: BoardNews, last: i64, cost: u64) -> Result<(Payload, bool)> {
        let is_reset = news.is_reset;
        let made =
            self.maker.execute(self.maker.draft(self.viewer), &self.shape, news, cost).await?;
        if !made.exceeds_limit {
            return Ok((made.payload, is_reset));
        }
        let draft = self.maker.draft(self.viewer);
        let made = self.maker.execute(draft, &self.shape, reset(last), 0).await?;
        Ok((made.payload, true))
    }
}

fn news(events: Vec<Arc<Event>>, sequence: i64) -> BoardNews {
    BoardNews { events: events.into(), sequence, is_reset: false, board: None }
}

fn reset(sequence: i64) -> BoardNews {
    BoardNews { events: Arc::default(), sequence, is_reset: true, board: None }
}
