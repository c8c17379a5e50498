//! The event history of boards and cards.

mod kinds;
mod parts;

use std::sync::Arc;

use async_graphql::Context;

pub(in crate::graphql) use kinds::BoardEvent;

use super::Board;
use crate::domain::{self, Result};
use crate::graphql::context::ContextExt;
use crate::graphql::schema::paging::{Connection, List, Listed, MAX_OTHERS, PageArgs, PlainEdge};
use crate::store::events::{EventList, LATEST_FIRST};

/// An event in a history.
pub(in crate::graphql) type BoardEventEdge = PlainEdge<BoardEvent>;

impl Listed for BoardEvent {
    type Entity = domain::Event;

    fn entity(&self) -> &domain::Event {
        self.event()
    }
}

/// Loads a page of a history, for all fields that return one.
pub(super) async fn event_page(
    ctx: &Context<'_>,
    on: &Board,
    list: EventList,
    args: PageArgs,
) -> Result<Connection<BoardEventEdge>> {
    let request = Arc::new(args.request(LATEST_FIRST, MAX_OTHERS)?);
    let loaders = ctx.loaders()?;
    let page = loaders.events().page(list, (), Arc::clone(&request));
    let edge = |event: Arc<domain::Event>| {
        BoardEventEdge::new(BoardEvent::new(&event, Some(on)), LATEST_FIRST)
    };
    Connection::load(ctx, List::Events(list, request), page, edge).await
}
