//! Many rows in one statement: a slice of values is one statement in neither of Diesel's two
//! backends alike, JSON is.

use diesel_async::RunQueryDsl;
use serde::Serialize;

use super::Tx;
use super::cards::search_text;
use super::sql::Write;
use crate::domain::{Card, CardId, Error, LabelId, Rank, Result, Timestamp, fold_case};

#[derive(Serialize)]
struct CardRecord<'a> {
    id: i64,
    board_id: i64,
    title: &'a str,
    title_key: String,
    description: &'a str,
    search_text: String,
    column: &'static str,
    rank: &'a str,
    version: i64,
    /// Microseconds since the Unix epoch.
    created_at: i64,
}

impl<'a> From<&'a Card> for CardRecord<'a> {
    fn from(card: &'a Card) -> Self {
        Self {
            id: card.id.0,
            board_id: card.board_id.0,
            title: &card.title,
            title_key: fold_case(&card.title),
            description: &card.description,
            search_text: search_text(&card.title, &card.description),
            column: card.column.as_str(),
            rank: card.rank.as_str(),
            version: card.version,
            created_at: card.created_at.micros(),
        }
    }
}

/// Stores new cards with the keys that they have.
pub(super) fn insert_cards(cards: &[Card]) -> Write {
    let records: Vec<_> = cards.iter().map(CardRecord::from).collect();
    Write::new()
        .sql(r#"INSERT INTO cards (id, board_id, title, title_key, description, search_text, "column", rank, version, created_at, updated_at)"#)
        .either(
            r#" OVERRIDING SYSTEM VALUE
            SELECT id, board_id, title, title_key, description, search_text, "column", rank, version, at, at
            FROM json_to_recordset("#,
            r" SELECT value->>'id', value->>'board_id', value->>'title', value->>'title_key',
            value->>'description', value->>'search_text', value->>'column', value->>'rank',
            value->>'version', value->>'created_at', value->>'created_at'
            FROM json_each(",
        )
        .text(serde_json::json!(records).to_string())
        .either(
            r#"::json) AS r (id bigint, board_id bigint, title text, title_key text, description text,
            search_text text, "column" text, rank text, version bigint, created_at bigint),
            LATERAL (SELECT 'epoch'::timestamptz + created_at * interval '1 microsecond' AS at) AS t"#,
            ")",
        )
}

/// Puts labels on cards; one that is there already stays. `None` when there are none.
pub(super) fn card_labels(pairs: &[(CardId, LabelId)], now: Timestamp) -> Option<Write> {
    if pairs.is_empty() {
        return None;
    }
    let pairs: Vec<_> = pairs.iter().map(|(card, label)| (card.0, label.0)).collect();
    let statement = Write::new()
        .sql("INSERT INTO cards_labels (card_id, label_id, created_at, updated_at) SELECT p.id, p.sub, ")
        .time(now)
        .sql(", ")
        .time(now)
        .sql(" FROM ")
        .table_of_pairs(&pairs)
        // Without WHERE, SQLite would read ON as part of a join.
        .sql(" WHERE true ON CONFLICT DO NOTHING");
    Some(statement)
}

/// Gives these cards ranks in this order, and a version.
pub(super) async fn update_ranks(
    tx: &mut Tx,
    cards: &[i64],
    version: i64,
    now: Timestamp,
) -> Result<()> {
    let ranks = Rank::sequence(None, cards.len()).ok_or(Error::Internal)?;
    let rows: Vec<_> = cards.iter().zip(ranks).collect();
    let statement = Write::new()
        .sql("UPDATE cards SET version = ")
        .number(version)
        .sql(", updated_at = ")
        .time(now)
        .either(
            ", rank = r.value->>1 FROM json_array_elements(",
            ", rank = r.value->>1 FROM json_each(",
        )
        .text(serde_json::json!(rows).to_string())
        .either(
            "::json) AS r (value) WHERE cards.id = (r.value->>0)::bigint",
            ") AS r WHERE cards.id = r.value->>0",
        );
    run!(tx, |c| statement.execute(c).await)?;
    Ok(())
}
