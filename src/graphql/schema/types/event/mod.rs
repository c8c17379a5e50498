//! The history of boards and of cards.

mod kinds;
mod parts;

use std::sync::Arc;

use async_graphql::{Context, Object};

pub(in crate::graphql) use kinds::BoardEvent;

use super::Board;
use crate::domain::{self, Direction, Result};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::{Pure, Row, Text};
use crate::graphql::schema::paging::{Connection, CursorKind, Edge, List, MAX_OTHERS, PageArgs};
use crate::store;
use crate::store::events::EventList;

/// Cursors of the history of a board or a card.
const ACTIVITY: CursorKind = CursorKind {
    list: "activity",
    field: "SEQUENCE",
    direction: Direction::Descending,
    values: &[],
};

/// An event in a history.
pub(in crate::graphql) struct BoardEventEdge {
    event: Arc<domain::Event>,
    node: BoardEvent,
}

/// An event in a history.
#[Object]
impl BoardEventEdge {
    /// The event's place in the list, for `after` and `before`.
    async fn cursor(&self) -> Text<'_> {
        Edge::cursor(self).into()
    }

    /// The event.
    async fn node(&self) -> Row<&BoardEvent> {
        Row(&self.node)
    }
}

impl Pure for BoardEventEdge {}

impl Edge for BoardEventEdge {
    type Node = BoardEvent;

    fn node(&self) -> &BoardEvent {
        &self.node
    }

    fn cursor(&self) -> String {
        ACTIVITY.encode(&store::events::position(&self.event))
    }
}

/// A page of a history: what every field of that kind does.
pub(super) async fn event_page(
    ctx: &Context<'_>,
    on: &Board,
    list: EventList,
    args: PageArgs,
) -> Result<Connection<BoardEventEdge>> {
    let request = Arc::new(args.request(ACTIVITY, MAX_OTHERS)?);
    let loaders = ctx.loaders()?;
    let page = loaders.event_page.load_as(list, Arc::clone(&request));
    let edge =
        |event: Arc<domain::Event>| BoardEventEdge { node: BoardEvent::new(&event, on), event };
    Connection::load(ctx, List::Events(list, request), page, edge).await
}
