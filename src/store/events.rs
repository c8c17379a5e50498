//! The history of boards.

use diesel::prelude::*;
use serde_json::Value;

use super::access::BoardAccess;
use super::db::Conn;
use super::dsl::{
    Children, ListOrder, LongTexts, Sort, Write, any_of_each, columns, count_of_each, in_order,
    into_pages, numbers, page_of_each, texts,
};
use super::rows::{EventRow, KIND};
use super::schema::board_events;
use crate::domain::{
    BoardId, CardId, Direction, Error, Event, EventPayload, MutationId, Page, PageRequest, Result,
    Side, Timestamp, UserId, UserKey,
};

/// The statement that stores events with consecutive sequence numbers from `first` on.
pub(super) fn insert(
    board: BoardId,
    actor: Option<UserKey>,
    mutation: Option<&MutationId>,
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
        .sql("INSERT INTO board_events (board_id, created_at, actor_id, client_mutation_id, sequence, card_id, kind, payload) SELECT ")
        .number(board.0)
        .sql(", ")
        .time(now)
        .sql(", ")
        .optional_number(actor.map(|actor| actor.0))
        .sql(", ")
        .optional_text(mutation.map(MutationId::as_str))
        .sql(", sequence, card, kind, payload FROM ")
        .table("new", [
            ("sequence", numbers(&events, |event| event.0)),
            ("card", numbers(&events, |event| event.1)),
            ("kind", texts(&events, |event| event.2.clone())),
            ("payload", texts(&events, |event| event.3.clone())),
        ]);
    Ok(statement)
}

/// The kind of an event and its payload, as they are stored.
pub(super) fn kind_and_payload(change: &EventPayload) -> Result<(String, String)> {
    let Ok(Value::Object(mut payload)) = serde_json::to_value(change) else {
        return Err(Error::defect("an event is no JSON object"));
    };
    let Some(Value::String(kind)) = payload.remove(KIND) else {
        return Err(Error::defect("an event has no kind"));
    };
    Ok((kind, Value::Object(payload).to_string()))
}

/// Whether the board's history mentions the card, which may be deleted.
pub async fn mention_card(conn: &mut Conn, board: BoardId, card: CardId) -> Result<bool> {
    let one = board_events::table
        .filter(board_events::board_id.eq(board.0))
        .filter(board_events::card_id.eq(card.0))
        .select(board_events::sequence)
        .limit(1);
    let found: Option<i64> = conn.first(one).await?;
    Ok(found.is_some())
}

/// A list of events: those of a board, or those of one of its cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventList {
    /// The board.
    pub board: BoardAccess,
    /// One of its cards, or `None` for all events.
    pub card: Option<CardId>,
    /// Only events with a greater sequence number.
    pub after: i64,
}

impl EventList {
    /// The key of the board, and the card or the sequence number that limits the list.
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

/// At most `limit` events of a board after a sequence number, oldest first.
pub async fn after(
    conn: &mut Conn,
    board: BoardAccess,
    sequence: i64,
    limit: i64,
) -> Result<Vec<Event>> {
    read_after(conn, board.board_id(), sequence, limit).await
}

async fn read_after(
    conn: &mut Conn,
    board: BoardId,
    sequence: i64,
    limit: i64,
) -> Result<Vec<Event>> {
    let query = board_events::table
        .filter(board_events::board_id.eq(board.0))
        .filter(board_events::sequence.gt(sequence))
        .order(board_events::sequence)
        .limit(limit)
        .select(columns::<EventRow>());
    let rows: Vec<EventRow> = conn.load(query).await?;
    rows.into_iter().map(Event::try_from).collect()
}

/// Lets a former member read the events of a board up to the one that took it away.
#[derive(Clone, Copy)]
pub struct FormerAccess {
    board: BoardId,
    /// The sequence number of that event.
    pub end: i64,
}

/// The access of a former member who has seen the board up to `sequence`. `None` if none of the next `limit` events took
/// the board away. What happened while it was away is included only if it came back before the end.
pub async fn former_access(
    conn: &mut Conn,
    board: BoardId,
    user: UserId,
    sequence: i64,
    limit: i64,
) -> Result<Option<FormerAccess>> {
    let events = read_after(conn, board, sequence, limit).await?;
    let last = end_of_access(user, &events).checked_sub(1).and_then(|index| events.get(index));
    Ok(last.map(|event| FormerAccess { board, end: event.sequence }))
}

/// At most `limit` events after a sequence number that a former member may read, oldest first.
pub async fn of_former_member(
    conn: &mut Conn,
    access: FormerAccess,
    sequence: i64,
    limit: i64,
) -> Result<Vec<Event>> {
    let mut events = read_after(conn, access.board, sequence, limit).await?;
    events.retain(|event| event.sequence <= access.end);
    Ok(events)
}

/// How many of the events there are up to the last one that took the board away from a user who could see it.
fn end_of_access(user: UserId, events: &[Event]) -> usize {
    let (mut is_member, mut is_present, mut end) = (true, true, 0);
    for (index, event) in events.iter().enumerate() {
        let could_see = is_member && is_present;
        match &event.payload {
            EventPayload::MemberAdded { user: added, .. } if *added == user => is_member = true,
            EventPayload::MemberRemoved { user: removed, .. } if *removed == user => {
                is_member = false;
            }
            EventPayload::BoardDeleted => is_present = false,
            EventPayload::BoardRestored => is_present = true,
            _ => {}
        }
        if could_see && !(is_member && is_present) {
            end = index + 1;
        }
    }
    end
}

const BY_SEQUENCE: ListOrder<Event> = ListOrder {
    list: "activity",
    name: "SEQUENCE",
    by: &[],
    tie: "board_events.sequence",
    key: |event| event.sequence,
};

/// The order of the history of a board or a card.
pub const LATEST_FIRST: Sort<Event> = BY_SEQUENCE.sort(Direction::Descending);

/// A page of each list, in the order of `lists`, which must be of one kind.
pub async fn list(
    conn: &mut Conn,
    lists: &[EventList],
    request: &PageRequest,
) -> Result<Vec<Page<Event>>> {
    let parents: Vec<_> = lists.iter().map(|list| list.parent()).collect();
    let statement = page_of_each::<EventRow, _>(
        &parents,
        &children(lists),
        "",
        |statement| statement,
        LATEST_FIRST,
        request,
        LongTexts::Load,
    );
    let rows: Vec<(i64, EventRow)> = conn.load(statement).await?;
    let rows = rows.into_iter().map(|(place, row)| Ok((place, row.try_into()?)));
    Ok(into_pages(rows.collect::<Result<Vec<_>>>()?, lists.len(), LATEST_FIRST, request))
}

/// The number of events in each list, in the order of `lists`, which must be of one kind.
pub async fn counts(conn: &mut Conn, lists: &[EventList]) -> Result<Vec<i64>> {
    let parents: Vec<_> = lists.iter().map(|list| list.parent()).collect();
    let statement = count_of_each(&parents, &children(lists), |statement| statement);
    let rows: Vec<(i64, i64)> = conn.load(statement).await?;
    Ok(in_order(rows, lists.len()))
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
    let statement = any_of_each(&parents, &children, all, LATEST_FIRST, request, side);
    Ok(in_order(conn.load(statement).await?, lists.len()))
}
