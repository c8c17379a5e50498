//! Subscriptions: "Map Source to Response Event" of the specification. A change wakes whoever follows it (`events::Bus`).
//! Then what has changed is read, and the selection of each subscriber is executed as a query.
//!
//! - `board`: all subscribers of one board share a task, and those with the same selection share their payloads.
//! - `board_list`: each subscriber of a list of boards has a task.
//! - `payload`: reads and executes one payload, in one snapshot.

mod board;
mod board_list;
mod delivery;
mod farewell;
mod payload;

use std::sync::Arc;

pub use delivery::{Deliveries, Delivery, Payload, UserWaiting, Waiting};

use self::board::Rooms;
pub(super) use self::payload::Maker;
use super::context::Caller;
use super::engine::{Answer, Caller as _, Request, Verdict};
use super::error;
use super::schema::{LISTS, SubscriptionTarget};
use crate::domain::{Error, Result};
use crate::graphql::engine::{Shape, Subscription};
use crate::store::{LongTexts, boards};

/// Everything that subscriptions need.
pub(super) struct Live {
    maker: Arc<Maker>,
    rooms: Arc<Rooms>,
}

impl Live {
    pub(super) fn new(maker: Maker) -> Self {
        let maker = Arc::new(maker);
        Self { rooms: Rooms::new(&maker), maker }
    }

    /// Begins a subscription; the response to it if it cannot begin.
    pub(super) async fn subscribe(
        &self,
        request: &Request,
        caller: &Caller,
        waiting: &Waiting,
    ) -> std::result::Result<Deliveries, Box<Answer>> {
        let Subscription { root, shape } = self.maker.engine.subscribe(request, caller, LISTS)?;
        let begun = async {
            self.begin(caller, SubscriptionTarget::of(&root.name, &root.arguments)?, shape, waiting)
                .await
        };
        begun.await.map_err(|error| {
            let response = error::of_field(error, &root.key, caller.request_id());
            Box::new(Answer::new(response, Verdict::Run))
        })
    }

    async fn begin(
        &self,
        caller: &Caller,
        target: SubscriptionTarget,
        shape: Arc<Shape>,
        waiting: &Waiting,
    ) -> Result<Deliveries> {
        let viewer = caller.viewer()?;
        match target {
            SubscriptionTarget::Boards => {
                Ok(board_list::follow(&self.maker, viewer, shape, waiting))
            }
            SubscriptionTarget::Board(board, after) => {
                let mut conn = self.maker.shared.services.db.read().await?;
                let found = boards::find(&mut conn, viewer.key, &[board], LongTexts::Skip).await?;
                if found.is_empty() {
                    return Err(Error::not_found("board"));
                }
                Ok(self.rooms.enter(board, viewer, shape, after, waiting))
            }
        }
    }
}
