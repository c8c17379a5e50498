//! Writes to cards and their labels.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter;

use diesel::sql_types::{BigInt, Nullable, Text};

use super::card_order::rerank;
use super::dsl::{Statement, Write, numbers, texts};
use super::lock::{BoardTx, Edits};
use crate::domain::{
    BoardId, Card, CardColumn, CardId, Error, EventPayload, LabelColor, LabelId, NewCard, Rank,
    Result, Timestamp, UserKey, lower_case, search_text,
};

/// The data that the creation of cards requires.
pub struct InsertContext {
    /// The board's labels, if any new card has labels.
    pub labels: BTreeMap<LabelColor, LabelId>,
    /// The key of each new card, and the last rank in its column.
    places: Vec<(CardId, Option<Rank>)>,
}

/// Reads the data for the creation of these cards, in one statement. A column whose last rank has an unknown format gets
/// new ranks first.
pub async fn insert_context(
    board: &mut BoardTx<'_, impl Edits>,
    new: &[NewCard],
) -> Result<InsertContext> {
    let context = read_context(board, new).await?;
    let places = new.iter().zip(&context.places);
    let unknown = places.filter(|(_, (_, last))| Rank::between(last.as_ref(), None).is_none());
    let columns: BTreeSet<CardColumn> = unknown.map(|(card, _)| card.column).collect();
    if columns.is_empty() {
        return Ok(context);
    }
    for column in columns {
        rerank(board, column, None).await?;
    }
    read_context(board, new).await
}

async fn read_context(
    board: &mut BoardTx<'_, impl Edits>,
    new: &[NewCard],
) -> Result<InsertContext> {
    let statement = Statement::<(BigInt, Nullable<Text>, Nullable<Text>)>::new()
        .either(
            "SELECT nextval('cards_id_seq')",
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'cards'), 0) + 1 + ord",
        )
        .sql(", (SELECT rank FROM cards WHERE deleted_at IS NULL AND board_id = ")
        .number(board.id().0)
        .sql(" AND column_position = new.position ORDER BY rank DESC, id DESC LIMIT 1), ");
    let statement = if new.iter().all(|card| card.labels.is_empty()) {
        statement.sql("NULL")
    } else {
        statement
            .either(
                "(SELECT json_object_agg(color, id)::text",
                "(SELECT json_group_object(color, id)",
            )
            .sql(" FROM labels WHERE board_id = ")
            .number(board.id().0)
            .sql(")")
    };
    let positions = numbers(new, |card| card.column.position());
    let statement =
        statement.sql(" FROM ").table("new", [("position", positions)]).sql(" ORDER BY ord");
    let rows: Vec<(i64, Option<Rank>, Option<String>)> = board.conn().load(statement).await?;
    let labels = rows.iter().find_map(|(_, _, labels)| labels.as_deref()).unwrap_or("{}");
    let labels: BTreeMap<LabelColor, i64> = serde_json::from_str(labels).map_err(|error| {
        tracing::error!(%error, "the labels of a board cannot be read");
        Error::Internal
    })?;
    Ok(InsertContext {
        labels: labels.into_iter().map(|(color, id)| (color, LabelId(id))).collect(),
        places: rows.into_iter().map(|(key, last, _)| (CardId(key), last)).collect(),
    })
}

/// Creates cards in the given order, each with its labels, at the end of its column. Each card is an event of its own
/// and gets the version of that event.
pub fn insert(
    board: &mut BoardTx<'_, impl Edits>,
    context: &InsertContext,
    new: &[(&NewCard, Vec<LabelId>)],
) -> Result<Vec<Card>> {
    let (now, author) = (board.now(), board.access()?.user_key());
    let mut ends: HashMap<CardColumn, Rank> = HashMap::new();
    let mut cards = Vec::new();
    for (index, ((new, _), (id, last))) in new.iter().zip(&context.places).enumerate() {
        let last = ends.get(&new.column).or(last.as_ref());
        let rank = Rank::between(last, None)
            .ok_or_else(|| Error::defect("a column has no rank for a new card"))?;
        ends.insert(new.column, rank.clone());
        cards.push(Card {
            id: *id,
            board_id: board.id(),
            title: new.title.as_str().to_owned(),
            description: Some(new.description.as_str().to_owned()),
            column: new.column,
            rank,
            version: board.version_after(index + 1),
            created_at: now,
            updated_at: now,
            deleted_at: None,
            created_by: Some(author),
        });
    }
    let labels = cards.iter().zip(new);
    let labels: Vec<_> = labels
        .flat_map(|(card, (_, labels))| labels.iter().map(|label| (card.id, *label)))
        .collect();
    let events: Vec<_> =
        cards.iter().map(|card| EventPayload::CardCreated { card: card.id }).collect();
    let writes = iter::once(insert_cards(&cards, author, now)).chain(insert_labels(&labels, now));
    board.write_with_events(events, writes);
    Ok(cards)
}

/// Labels that a card gains and loses.
#[derive(Default)]
pub struct LabelsDelta {
    /// Labels of the board that the card does not have yet.
    pub gained: Vec<LabelId>,
    /// Labels that the card has.
    pub lost: Vec<LabelId>,
}

/// Writes a changed card of the board, with the events that record the changes. Without events nothing is written.
pub fn save(
    board: &mut BoardTx<'_, impl Edits>,
    old: &Card,
    mut new: Card,
    labels: &LabelsDelta,
    events: Vec<EventPayload>,
) -> Card {
    if events.is_empty() {
        return new;
    }
    let now = board.now();
    (new.version, new.updated_at) = (board.version_after(events.len()), now);
    let gained: Vec<_> = labels.gained.iter().map(|label| (new.id, *label)).collect();
    let writes = iter::once(update(board.id(), old, &new))
        .chain(insert_labels(&gained, now))
        .chain(delete_labels(new.id, &labels.lost));
    board.write_with_events(events, writes);
    new
}

/// Unchanged texts are not written, because they may be long.
fn update(board: BoardId, old: &Card, new: &Card) -> Write {
    let mut statement = Write::new().sql("UPDATE cards SET ");
    if let Some(description) = &new.description
        && (old.title != new.title || old.description != new.description)
    {
        statement = statement
            .sql("title = ")
            .text(&*new.title)
            .sql(", title_key = ")
            .text(lower_case(&new.title))
            .sql(", description = ")
            .text(&**description)
            .sql(", search_text = ")
            .text(search_text(&new.title, description))
            .sql(", ");
    }
    statement = statement
        .sql(r#""column" = "#)
        .text(new.column.as_str())
        .sql(", rank = ")
        .text(new.rank.as_str())
        .sql(", version = ")
        .number(new.version)
        .sql(", updated_at = ")
        .time(new.updated_at)
        .sql(", deleted_at = ");
    statement = match new.deleted_at {
        Some(time) => statement.time(time),
        None => statement.sql("NULL"),
    };
    statement.sql(" WHERE id = ").number(new.id.0).sql(" AND board_id = ").number(board.0)
}

/// Removes labels from a card; `None` if there are none to remove.
fn delete_labels(card: CardId, labels: &[LabelId]) -> Option<Write> {
    if labels.is_empty() {
        return None;
    }
    let statement = Write::new()
        .sql("DELETE FROM cards_labels WHERE card_id = ")
        .number(card.0)
        .sql(" AND label_id")
        .in_numbers(labels.iter().map(|label| label.0).collect());
    Some(statement)
}

/// Inserts cards of one author with their keys.
fn insert_cards(cards: &[Card], author: UserKey, now: Timestamp) -> Write {
    Write::new()
        .sql(r#"INSERT INTO cards (created_at, updated_at, created_by, id, board_id, title, title_key, description, search_text, "column", rank, version)"#)
        .either(" OVERRIDING SYSTEM VALUE SELECT ", " SELECT ")
        .time(now)
        .sql(", ")
        .time(now)
        .sql(", ")
        .number(author.0)
        .sql(", id, board, title, title_key, description, search_text, stands_in, rank, version FROM ")
        .table("new", [
            ("id", numbers(cards, |card| card.id.0)),
            ("board", numbers(cards, |card| card.board_id.0)),
            ("title", texts(cards, |card| card.title.clone())),
            ("title_key", texts(cards, |card| lower_case(&card.title))),
            ("description", texts(cards, |card| description(card).to_owned())),
            ("search_text", texts(cards, |card| search_text(&card.title, description(card)))),
            ("stands_in", texts(cards, |card| card.column.as_str())),
            ("rank", texts(cards, |card| card.rank.as_str().to_owned())),
            ("version", numbers(cards, |card| card.version)),
        ])
}

/// The description of a new card.
fn description(card: &Card) -> &str {
    card.description.as_deref().unwrap_or_default()
}

/// Adds labels to cards, except those that a card already has. `None` if there are none to add.
fn insert_labels(pairs: &[(CardId, LabelId)], now: Timestamp) -> Option<Write> {
    if pairs.is_empty() {
        return None;
    }
    let statement = Write::new()
        .sql("INSERT INTO cards_labels (card_id, label_id, created_at, updated_at) SELECT card, label, ")
        .time(now)
        .sql(", ")
        .time(now)
        .sql(" FROM ")
        .table("new", [("card", numbers(pairs, |(card, _)| card.0)), ("label", numbers(pairs, |(_, label)| label.0))])
        // Without WHERE, SQLite would read ON as part of a join.
        .sql(" WHERE true ON CONFLICT DO NOTHING");
    Some(statement)
}
