//! Many rows in one statement, which no insert of Diesel's is on both databases.

use diesel_async::RunQueryDsl;

use super::Tx;
use super::cards::search_text;
use super::lists::{numbers, texts};
use super::sql::Write;
use crate::domain::{Card, CardId, Error, LabelId, Rank, Result, Timestamp, fold_case};

/// Stores new cards with the keys that they have.
pub(super) fn insert_cards(cards: &[Card], now: Timestamp) -> Write {
    Write::new()
        .sql(r#"INSERT INTO cards (created_at, updated_at, id, board_id, title, title_key, description, search_text, "column", rank, version)"#)
        .either(" OVERRIDING SYSTEM VALUE SELECT ", " SELECT ")
        .time(now)
        .sql(", ")
        .time(now)
        .sql(", id, board, title, title_key, description, search_text, stands_in, rank, version FROM ")
        .table("new", [
            ("id", numbers(cards, |card| card.id.0)),
            ("board", numbers(cards, |card| card.board_id.0)),
            ("title", texts(cards, |card| card.title.clone())),
            ("title_key", texts(cards, |card| fold_case(&card.title))),
            ("description", texts(cards, |card| description(card).to_owned())),
            ("search_text", texts(cards, |card| search_text(&card.title, description(card)))),
            ("stands_in", texts(cards, |card| card.column.as_str())),
            ("rank", texts(cards, |card| card.rank.as_str().to_owned())),
            ("version", numbers(cards, |card| card.version)),
        ])
}

/// What a new card says.
fn description(card: &Card) -> &str {
    card.description.as_deref().unwrap_or_default()
}

/// Puts labels on cards; one that is there already stays. `None` when there are none.
pub(super) fn card_labels(pairs: &[(CardId, LabelId)], now: Timestamp) -> Option<Write> {
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

/// Gives these cards ranks in this order, and a version.
pub(super) async fn update_ranks(
    tx: &mut Tx,
    cards: &[i64],
    version: i64,
    now: Timestamp,
) -> Result<()> {
    let ranks = Rank::sequence(None, cards.len()).ok_or(Error::Internal)?;
    let statement = Write::new()
        .sql("UPDATE cards SET version = ")
        .number(version)
        .sql(", updated_at = ")
        .time(now)
        .sql(", rank = new.rank FROM ")
        .table(
            "new",
            [
                ("card", numbers(cards.iter().copied(), |card| card)),
                ("rank", texts(ranks, |rank| rank.as_str().to_owned())),
            ],
        )
        .sql(" WHERE cards.id = new.card");
    run!(tx, |c| statement.execute(c).await)?;
    Ok(())
}
