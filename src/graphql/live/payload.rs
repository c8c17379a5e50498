//! Makes one payload: reads what it is about, and executes the selection, both in one snapshot.

use std::sync::Arc;
use std::time::Duration;

use super::delivery::Payload;
use crate::domain::{Client, Error, Event, Result, Viewer};
use crate::graphql::engine::{Caller as _, Cost, Engine, Shape};
use crate::graphql::loaders::Shared;
use crate::graphql::schema::{self, BoardNews, type_names};
use crate::graphql::{Caller, error};
use crate::store::access::AuthorizedBoard;
use crate::store::{Conn, ReadMode, Snapshot, events};

/// The maximum number of events in a payload: as many as one mutation makes at most.
const MAX_EVENTS: usize = 100;

/// The number of events that are read for a payload: one more than [`MAX_EVENTS`] tells whether a mutation has more.
pub(super) const MAX_READ: i64 = 101;

/// After more missed events than this, the board is sent as `reset`.
pub(super) const MAX_MISSED: i64 = 10_000;

/// How long the database may be unavailable before subscriptions end.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The pause before another attempt.
pub(super) const PAUSE: Duration = Duration::from_millis(250);

/// Makes payloads.
pub(in crate::graphql) struct Maker {
    pub(in crate::graphql) engine: Arc<Engine<schema::Executor, schema::Payloads>>,
    pub(in crate::graphql) shared: Arc<Shared>,
}

/// A payload that is being made. Its snapshot has begun.
pub(super) struct Draft {
    caller: Arc<Caller>,
    snapshot: Snapshot,
}

/// The result of an execution.
pub(super) struct Made {
    pub(super) payload: Payload,
    /// Whether it depends on the viewer for whom it was made.
    pub(super) is_personal: bool,
    /// Whether it exceeds a limit on responses.
    pub(super) exceeds_limit: bool,
}

impl Maker {
    /// Begins a payload for a viewer.
    pub(super) fn draft(&self, viewer: Viewer) -> Draft {
        let client = Client::default();
        let id = format!("{:032x}", rand::random::<u128>());
        let caller = Arc::new(Caller::new(Arc::clone(&self.shared), client, Ok(Some(viewer)), id));
        let snapshot = caller.begin(ReadMode::Transaction);
        Draft { caller, snapshot }
    }

    /// Executes the selection. SERVICE_UNAVAILABLE if the database fails, or memory is short.
    pub(super) async fn execute(
        &self,
        draft: Draft,
        shape: &Shape,
        source: impl Send + Sync + 'static,
        cost: Cost,
    ) -> Result<Made> {
        let Draft { caller, snapshot } = draft;
        let answer = self.engine.payload(shape, &caller, &snapshot, source, cost).await;
        let answer = answer.ok_or(Error::Unavailable)?;
        let exceeds_limit = error::tells_of_a_limit(&answer.response.errors);
        let is_personal = caller.state().is_personal();
        if is_personal {
            shape.note_personal();
        }
        Ok(Made { payload: Payload::of(answer), is_personal, exceeds_limit })
    }

    /// The news of a board for a subscriber that knows it up to `sequence`, with their cost. Only as many events as a
    /// payload may have. `None` is a subscriber who wants no earlier events.
    pub(super) async fn board_news(
        &self,
        conn: &mut Conn,
        board: AuthorizedBoard,
        sequence: Option<i64>,
        shape: &Shape,
    ) -> Result<(BoardNews, Cost)> {
        let version = board.0.version;
        let news = |events: Vec<Arc<Event>>, sequence| BoardNews {
            events: events.into(),
            sequence,
            is_reset: false,
            board: Some(board.clone()),
        };
        let Some(known) = sequence.filter(|known| *known != version) else {
            return Ok((news(Vec::new(), version), 0));
        };
        let reset = || Ok((BoardNews::reset(board.clone()), 0));
        if !(0..=MAX_MISSED).contains(&(version - known)) {
            return reset();
        }
        let read = events::after(conn, board.1, known, MAX_READ).await;
        let (events, cost) = self.fitting_events(read, shape)?;
        match events.last().map(|event| event.sequence) {
            Some(last) => Ok((news(events, last), cost)),
            None => reset(),
        }
    }

    /// Those of [`MAX_READ`] events that fit into a payload, with their cost; none if the payload must be `reset`.
    pub(super) fn fitting_events(
        &self,
        read: Result<Vec<Event>>,
        shape: &Shape,
    ) -> Result<(Vec<Arc<Event>>, Cost)> {
        let read = match read {
            Err(error) if must_reset(&error) => Vec::new(),
            read => read?,
        };
        let mut events: Vec<_> = read.into_iter().map(Arc::new).collect();
        let (count, cost) = self.fitting(&events, shape);
        events.truncate(count);
        Ok((events, cost))
    }

    /// How many of the events fit into a payload, so that no mutation is split, and what they cost. All events of a
    /// mutation have the same time.
    fn fitting(&self, events: &[Arc<Event>], shape: &Shape) -> (usize, Cost) {
        let left = self.engine.left(shape);
        let (mut cost, mut fitting) = (0, (0, 0));
        for (index, ty) in type_names(events).iter().enumerate().take(MAX_EVENTS) {
            cost = Cost::saturating_add(cost, shape.cost.of(ty));
            if cost > left {
                break;
            }
            let time = |index: usize| events.get(index).map(|event| event.created_at);
            if time(index) != time(index + 1) {
                fitting = (index + 1, cost);
            }
        }
        fitting
    }
}

/// Whether events cannot be read at all: a newer instance has written some that this one does not know, or they need too
/// much memory.
pub(super) fn must_reset(error: &Error) -> bool {
    matches!(error, Error::Internal | Error::TooLarge { .. })
}

impl Draft {
    /// The payload is for all who have sent the same of these events.
    pub(super) fn deliver(&self, events: &[Arc<Event>]) {
        self.caller.deliver(events);
    }

    /// A connection that reads the snapshot.
    pub(super) async fn read(&self) -> Result<Conn> {
        self.snapshot.read().await
    }

    /// Whether a read has failed for lack of memory.
    pub(super) fn lacks_memory(&self) -> bool {
        self.caller.state().budget.is_short()
    }
}
