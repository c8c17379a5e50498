//! The subscription root. async-graphql executes each payload as a query on it; `live` decides when, and what the payload
//! is about.

use std::borrow::Cow;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use async_graphql::registry::Registry;
use async_graphql::{
    Context, ID, Object, OutputType, Response, SimpleObject, SubscriptionType, Value,
};
use futures_util::Stream;

use super::inputs;
use super::scalars::int;
use super::types::{Board, BoardEvent};
use crate::domain::{At, BoardId, Error, Event, PublicId, Result, rejection};
use crate::graphql::engine::{EagerList, EagerObject};
use crate::store::access::AuthorizedBoard;

/// The root fields, and the lists in their payloads whose length is known only when a payload is made.
pub(in crate::graphql) const LISTS: &[(&str, &str)] =
    &[("boardEvents", "events"), (VIEWER_BOARDS, "boards")];

const VIEWER_BOARDS: &str = "viewerBoards";

/// What a payload of `boardEvents` is about.
#[derive(Clone)]
pub(in crate::graphql) struct BoardNews {
    /// Oldest first.
    pub(in crate::graphql) events: Arc<[Arc<Event>]>,
    pub(in crate::graphql) sequence: i64,
    pub(in crate::graphql) is_reset: bool,
    /// `None` if the viewer may no longer see it.
    pub(in crate::graphql) board: Option<AuthorizedBoard>,
}

impl BoardNews {
    /// Tells a viewer to fetch the board again.
    pub(in crate::graphql) fn reset(board: AuthorizedBoard) -> Self {
        let sequence = board.0.version;
        Self { events: Arc::default(), sequence, is_reset: true, board: Some(board) }
    }
}

/// What a payload of `viewerBoards` is about.
#[derive(Clone)]
pub(in crate::graphql) struct BoardListNews {
    pub(in crate::graphql) is_reset: bool,
    pub(in crate::graphql) boards: Vec<AuthorizedBoard>,
    pub(in crate::graphql) removed: Vec<BoardId>,
}

/// What a subscription follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graphql) enum SubscriptionTarget {
    /// A board, from the event after this sequence number on.
    Board(BoardId, Option<i64>),
    /// The viewer's list of boards.
    Boards,
}

impl SubscriptionTarget {
    /// Reads the root field of a subscription. BAD_USER_INPUT if an argument is invalid.
    pub(in crate::graphql) fn of(name: &str, arguments: &HashMap<String, Value>) -> Result<Self> {
        if name == VIEWER_BOARDS {
            return Ok(Self::Boards);
        }
        let id = match arguments.get("boardId") {
            Some(Value::String(id)) => ID::from(id),
            _ => ID::default(),
        };
        let id = inputs::id(&id, "boardId")?;
        let after = match arguments.get("afterSequence") {
            Some(Value::Number(after)) => after.as_i64(),
            _ => None,
        };
        if after.is_some_and(|after| after < 0) {
            return Err(rejection::must_not_be_negative().at("afterSequence"));
        }
        Ok(Self::Board(id, after))
    }
}

/// The names of the types of events, in their order.
pub(in crate::graphql) fn type_names(events: &[Arc<Event>]) -> Vec<String> {
    let name = |event| BoardEvent::new(event, None).introspection_type_name().into_owned();
    events.iter().map(name).collect()
}

/// The subscription root.
pub(in crate::graphql) struct Subscription;

/// The subscription root. Every field requires an access token. Use a WebSocket with the subprotocol
/// graphql-transport-ws, or Server-Sent Events (GraphQL over SSE, distinct connections mode), at the path of the API.
#[Object]
impl Subscription {
    /// Follows one board. NOT_FOUND when the viewer may not see it. The first payload is sent at once and
    /// begins the catch-up with the events after `afterSequence` (more payloads may follow), or has no
    /// events if the argument is left out. After that every change arrives in order, whichever instance
    /// of the server has committed it. The payloads of one subscription have no gap between them unless
    /// `reset` is true. Delivery is at least once: a client that resumes with an old `afterSequence`
    /// receives events again, and skips the sequence numbers that it knows.
    ///
    /// An `afterSequence` beyond the board's version gets `reset`. The subscription completes when the
    /// viewer may no longer see the board; the last payload ends with the event that has this effect.
    #[allow(clippy::unused_self, reason = "the macro requires it")]
    fn board_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "boardId", desc = "The ID of the board.")] _board_id: ID,
        #[graphql(
            name = "afterSequence",
            desc = "Only events with a higher sequence number: the `version` of the board that the client has read, or the `sequence` of the latest payload. Must not be negative."
        )]
        _after_sequence: Option<i32>,
    ) -> Result<BoardEventsPayload> {
        let BoardNews { events, sequence, is_reset, board } =
            ctx.data_opt::<BoardNews>().cloned().ok_or_else(no_news)?;
        let board = board.map(Board::new);
        let event = |event| BoardEvent::new(event, board.as_ref());
        let events = EagerList(events.iter().map(event).collect());
        let board = board.map(EagerObject);
        Ok(BoardEventsPayload { events, sequence: int(sequence), reset: is_reset, board })
    }

    /// Follows the viewer's list of boards: boards that appear, change their title, their description or
    /// the viewer's role, or disappear. The first payload has `reset`: fetch the list when it arrives, and
    /// nothing after it is missed.
    #[allow(clippy::unused_self, reason = "the macro requires it")]
    fn viewer_boards(&self, ctx: &Context<'_>) -> Result<ViewerBoardsPayload> {
        let BoardListNews { is_reset, boards, removed } =
            ctx.data_opt::<BoardListNews>().cloned().ok_or_else(no_news)?;
        let id = |id: BoardId| id.to_public().into();
        Ok(ViewerBoardsPayload {
            reset: is_reset,
            boards: EagerList(boards.into_iter().map(Board::new).collect()),
            removed_board_ids: removed.into_iter().map(id).collect(),
        })
    }
}

/// Changes to a board.
#[derive(SimpleObject)]
pub(in crate::graphql) struct BoardEventsPayload {
    /// The events, oldest first. The events of one mutation are never split between payloads.
    events: EagerList<BoardEvent>,
    /// The sequence number of the last event that the client knows after this payload: the
    /// `afterSequence` of its next subscription. The objects of a payload are as they were at this
    /// version, or later while a catch-up still goes on.
    sequence: i32,
    /// True if too much was missed to send it event by event: `events` is empty, and the board must be
    /// fetched again.
    reset: bool,
    /// The board at `sequence` (or later during a catch-up); null if the viewer may no longer see it.
    board: Option<EagerObject<Board>>,
}

/// Changes to the viewer's list of boards.
#[derive(SimpleObject)]
pub(in crate::graphql) struct ViewerBoardsPayload {
    /// True in the first payload and whenever something may have been missed: the list must be fetched
    /// again.
    reset: bool,
    /// Boards that have appeared, or have changed in the list.
    boards: EagerList<Board>,
    /// The IDs of boards that have disappeared from the list.
    removed_board_ids: Vec<ID>,
}

/// The subscription root for the SDL only.
pub(super) struct Described;

impl SubscriptionType for Described {
    fn type_name() -> Cow<'static, str> {
        <Subscription as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Subscription as OutputType>::create_type_info(registry)
    }

    fn create_field_stream<'a>(
        &'a self,
        _: &'a Context<'_>,
    ) -> Option<Pin<Box<dyn Stream<Item = Response> + Send + 'a>>> {
        None
    }
}

fn no_news() -> Error {
    Error::defect("a payload has no news")
}
