//! The event history of boards and cards.

mod kinds;
mod parts;

use std::sync::Arc;

use async_graphql::Context;

pub(in crate::graphql) use kinds::BoardEvent;

use super::Board;
use crate::domain::{self, Direction, Result};
use crate::graphql::context::ContextExt;
use crate::graphql::schema::paging::{
    Connection, CursorKind, List, Listed, MAX_OTHERS, PageArgs, PlainEdge,
};
use crate::store;
use crate::store::events::EventList;

/// The cursors of the history of a board or a card.
const ACTIVITY: CursorKind = CursorKind {
    list: "activity",
    field: "SEQUENCE",
    direction: Direction::Descending,
    values: &[],
};

/// An event in a history.
pub(in crate::graphql) type BoardEventEdge = PlainEdge<BoardEvent>;

impl Listed for BoardEvent {
    type In = ();

    fn cursor(&self, (): ()) -> String {
        ACTIVITY.encode(&store::events::position(self.event()))
    }
}

/// Loads a page of a history, for all fields that return one.
pub(super) async fn event_page(
    ctx: &Context<'_>,
    on: &Board,
    list: EventList,
    args: PageArgs,
) -> Result<Connection<BoardEventEdge>> {
    let request = Arc::new(args.request(ACTIVITY, MAX_OTHERS)?);
    let loaders = ctx.loaders()?;
    let page = loaders.event_page().load_as(list, Arc::clone(&request));
    let edge = |event: Arc<domain::Event>| BoardEventEdge::new(BoardEvent::new(&event, on), ());
    Connection::load(ctx, List::Events(list, request), page, edge).await
}
