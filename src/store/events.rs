//! The history of boards.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Map, Value};

use super::access::BoardAccess;
use super::lists::{numbers, texts};
use super::locks::{BoardLock, LockedBoard};
use super::memory_size::MemorySize;
use super::page::{self, Children, Sort};
use super::schema::board_events;
use super::sql::{LongTexts, Write};
use super::{Conn, Tx, sql};
use crate::domain::{
    BoardId, CardId, Direction, Error, Event, EventPayload, Page, PageRequest, Position, Result,
    Side, Timestamp, UserKey,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = board_events)]
struct EventRow {
    board_id: i64,
    sequence: i64,
    created_at: Timestamp,
    actor_id: Option<i64>,
    kind: String,
    payload: String,
}

impl MemorySize for EventRow {
    fn texts(&self) -> usize {
        self.kind.len() + self.payload.len()
    }
}

/// The name of the kind within the JSON of a change; it has a column of its own.
const KIND: &str = "kind";

impl TryFrom<EventRow> for Event {
    type Error = Error;

    fn try_from(row: EventRow) -> Result<Self> {
        let change =
            serde_json::from_str::<Map<String, Value>>(&row.payload).and_then(|mut map| {
                map.insert(KIND.into(), row.kind.into());
                serde_json::from_value(Value::Object(map))
            });
        let change = change.map_err(|error| {
            tracing::error!(%error, board = row.board_id, sequence = row.sequence, "an event cannot be read");
            Error::Internal
        })?;
        Ok(Self {
            board_id: BoardId(row.board_id),
            sequence: row.sequence,
            created_at: row.created_at,
            actor: row.actor_id.map(UserKey),
            change,
        })
    }
}

/// Records what the member has changed: the board's version goes up by one for each event, and its
/// `updated_at` moves.
pub async fn record(
    tx: &mut Tx,
    board: &mut LockedBoard,
    changes: &[EventPayload],
    now: Timestamp,
) -> Result<()> {
    let actor = board.access().user_id();
    append(tx, &mut board.lock, Some(actor), Vec::new(), changes, now).await
}

/// The same, together with what the change itself writes.
pub async fn record_with(
    tx: &mut Tx,
    board: &mut LockedBoard,
    writes: Vec<Write>,
    changes: &[EventPayload],
    now: Timestamp,
) -> Result<()> {
    let actor = board.access().user_id();
    append(tx, &mut board.lock, Some(actor), writes, changes, now).await
}

/// The same for what the server did by itself.
pub async fn record_by_server(
    tx: &mut Tx,
    board: &mut BoardLock,
    changes: &[EventPayload],
    now: Timestamp,
) -> Result<()> {
    append(tx, board, None, Vec::new(), changes, now).await
}

async fn append(
    tx: &mut Tx,
    lock: &mut BoardLock,
    actor: Option<UserKey>,
    mut writes: Vec<Write>,
    changes: &[EventPayload],
    now: Timestamp,
) -> Result<()> {
    if changes.is_empty() {
        // What is written without an event would not raise the board's version.
        return if writes.is_empty() { Ok(()) } else { Err(Error::Internal) };
    }
    let count = i64::try_from(changes.len()).map_err(|_| Error::Internal)?;
    let (board, first) = (lock.board.id, lock.board.version + 1);
    let version = lock.board.version + count;
    let raised = Write::new()
        .sql("UPDATE boards SET version = ")
        .number(version)
        .sql(", updated_at = ")
        .time(now)
        .sql(" WHERE id = ")
        .number(board.0);
    writes.extend([raised, events(board, actor, first, changes, now)?]);
    sql::execute_all(tx, writes).await?;
    (lock.board.version, lock.board.updated_at) = (version, now);
    Ok(())
}

/// Stores events with consecutive sequences from `first` on.
pub(super) fn events(
    board: BoardId,
    actor: Option<UserKey>,
    first: i64,
    changes: &[EventPayload],
    now: Timestamp,
) -> Result<Write> {
    let events = (first..).zip(changes).map(|(sequence, change)| {
        let (kind, payload) = kind_and_payload(change)?;
        Ok((sequence, change.card().map(|card| card.0), kind, payload))
    });
    let events = events.collect::<Result<Vec<_>>>()?;
    let statement = Write::new()
        .sql("INSERT INTO board_events (board_id, created_at, actor_id, sequence, card_id, kind, payload) SELECT ")
        .number(board.0)
        .sql(", ")
        .time(now)
        .sql(", ")
        .optional_number(actor.map(|actor| actor.0))
        .sql(", sequence, card, kind, payload FROM ")
        .table("new", [
            ("sequence", numbers(&events, |event| event.0)),
            ("card", numbers(&events, |event| event.1)),
            ("kind", texts(&events, |event| event.2.clone())),
            ("payload", texts(&events, |event| event.3.clone())),
        ]);
    Ok(statement)
}

fn kind_and_payload(change: &EventPayload) -> Result<(String, String)> {
    let Ok(Value::Object(mut payload)) = serde_json::to_value(change) else {
        return Err(Error::Internal);
    };
    let Some(Value::String(kind)) = payload.remove(KIND) else { return Err(Error::Internal) };
    Ok((kind, Value::Object(payload).to_string()))
}

/// Whether the board's history tells of the card, which may be gone.
pub async fn tell_of_card(tx: &mut Tx, board: &LockedBoard, card: CardId) -> Result<bool> {
    let one = board_events::table
        .filter(board_events::board_id.eq(board.id().0))
        .filter(board_events::card_id.eq(card.0))
        .select(board_events::sequence)
        .limit(1);
    let found: Option<i64> = run!(tx, |c| one.first(c).await.optional())?;
    Ok(found.is_some())
}

/// A list of events: those of a board, or those of one of its cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventList {
    /// The board.
    pub board: BoardAccess,
    /// One of its cards, or `None` for all events.
    pub card: Option<CardId>,
    /// Only those with a later sequence.
    pub after: i64,
}

impl EventList {
    /// The parent and, for the board's own events, after which sequence.
    fn parent(self) -> (i64, i64) {
        match self.card {
            Some(card) => (self.board.board_id().0, card.0),
            None => (self.board.board_id().0, self.after),
        }
    }
}

/// All lists of one call must be of one kind, boards or cards.
fn children(lists: &[EventList]) -> Children {
    let of_parent = if lists.iter().any(|list| list.card.is_some()) {
        "board_events.board_id = p.id AND board_events.card_id = p.sub"
    } else {
        "board_events.board_id = p.id AND board_events.sequence > p.sub"
    };
    Children {
        table: "board_events",
        key: "board_events.board_id, board_events.sequence",
        of_parent,
    }
}

const LATEST_FIRST: Sort =
    Sort { by: &[], tie: "board_events.sequence", direction: Direction::Descending };

/// A page of each list, in the order of `lists`, which must be of one kind.
pub async fn list(
    conn: &mut Conn,
    lists: &[EventList],
    request: &PageRequest,
) -> Result<Vec<Page<Event>>> {
    let parents: Vec<_> = lists.iter().map(|list| list.parent()).collect();
    let statement = page::page_of_each::<EventRow>(
        &parents,
        &children(lists),
        "",
        |statement| statement,
        LATEST_FIRST,
        request,
        LongTexts::Load,
    );
    let rows: Vec<(i64, EventRow)> = statement.rows(conn).await?;
    let rows = rows.into_iter().map(|(place, row)| Ok((place, row.try_into()?)));
    Ok(page::into_pages(rows.collect::<Result<_>>()?, lists.len(), request))
}

/// How many events each list has, in the order of `lists`, which must be of one kind.
pub async fn counts(conn: &mut Conn, lists: &[EventList]) -> Result<Vec<i64>> {
    let parents: Vec<_> = lists.iter().map(|list| list.parent()).collect();
    let statement = page::count_of_each(&parents, &children(lists), |statement| statement);
    let rows: Vec<(i64, i64)> = statement.rows(conn).await?;
    Ok(page::in_order(rows, lists.len()))
}

/// Whether any event of each list lies beyond a page on this side, in the order of `lists`, which must be of
/// one kind.
pub async fn any_beyond(
    conn: &mut Conn,
    lists: &[EventList],
    request: &PageRequest,
    side: Side,
) -> Result<Vec<bool>> {
    let parents: Vec<_> = lists.iter().map(|list| list.parent()).collect();
    let (children, all) = (children(lists), |statement| statement);
    let statement = page::any_of_each(&parents, &children, all, LATEST_FIRST, request, side);
    Ok(page::in_order(statement.rows(conn).await?, lists.len()))
}

/// The place of an event in its list.
pub fn position(event: &Event) -> Position {
    Position { values: Vec::new(), key: event.sequence }
}
