//! Many rows in one statement: a slice of values is one statement in neither of Diesel's two
//! backends alike, JSON is.

use diesel_async::RunQueryDsl;
use serde::Serialize;

use super::Tx;
use super::access::BoardEditor;
use super::cards::{CardRow, search_text};
use super::sql::{ColumnTypes, Statement, Write};
use crate::domain::{Card, CardId, Error, LabelId, NewCard, Rank, Result, Timestamp, fold_case};

/// A card that is to be stored.
#[derive(Serialize)]
pub(super) struct CardRecord<'a> {
    board_id: i64,
    title: &'a str,
    title_key: String,
    description: &'a str,
    search_text: String,
    column: &'static str,
    rank: Rank,
    version: i64,
    /// Microseconds since the Unix epoch.
    created_at: i64,
}

impl<'a> CardRecord<'a> {
    /// A new card of the board that makes so many-th event of its transaction.
    pub(super) fn new(
        board: &BoardEditor,
        card: &'a NewCard,
        rank: Rank,
        event: usize,
        now: Timestamp,
    ) -> Self {
        let (title, description) = (card.title.as_str(), card.description.as_str());
        Self {
            board_id: board.id().0,
            title,
            title_key: fold_case(title),
            description,
            search_text: search_text(title, description),
            column: card.column.as_str(),
            rank,
            version: board.version_after(event),
            created_at: now.micros(),
        }
    }
}

/// Stores cards, with ascending keys in the given order.
pub(super) async fn insert_cards(tx: &mut Tx, records: &[CardRecord<'_>]) -> Result<Vec<Card>> {
    let statement = Statement::<ColumnTypes<CardRow>>::new()
    .sql(r#"INSERT INTO cards (board_id, title, title_key, description, search_text, "column", rank, version, created_at, updated_at)"#)
    .either(
        r#" SELECT board_id, title, title_key, description, search_text, "column", rank, version, at, at FROM (
            SELECT r.*, 'epoch'::timestamptz + r.created_at * interval '1 microsecond' AS at
            FROM ROWS FROM (json_to_recordset("#,
        r" SELECT value->>'board_id', value->>'title', value->>'title_key', value->>'description',
            value->>'search_text', value->>'column', value->>'rank', value->>'version',
            value->>'created_at', value->>'created_at'
            FROM json_each(",
    )
    .text(serde_json::json!(records).to_string())
    .either(
        r#"::json) AS (board_id bigint, title text, title_key text, description text,
            search_text text, "column" text, rank text, version bigint, created_at bigint))
            WITH ORDINALITY AS r (board_id, title, title_key, description, search_text, "column", rank, version, created_at, ord)
            ) AS rows ORDER BY ord"#,
        ") ORDER BY key",
    )
    .sql(" RETURNING ")
    .columns::<CardRow>();
    let rows: Vec<CardRow> = run!(tx, |c| statement.load(c).await)?;
    let mut cards: Vec<Card> = rows.into_iter().map(Card::from).collect();
    cards.sort_by_key(|card| card.id);
    Ok(cards)
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
