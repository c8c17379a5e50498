//! The cards of a board that changed after one of its versions.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::sql_types::{Nullable, Text};

use super::access::{BoardAccess, Version};
use super::db::Conn;
use super::dsl::{ColumnTypes, LongTexts, Statement};
use super::rows::{CardRow, EventRow};
use crate::domain::{Card, CardId, CardsChange, Error, LabelId, Result};

/// After more events than this, the cards are read from their lists instead.
const MAX_EVENTS: usize = 32;

/// A card that changed, and the keys of its labels.
pub struct ChangedCard {
    /// The card.
    pub card: Arc<Card>,
    /// Its labels.
    pub labels: Arc<[LabelId]>,
}

/// The cards that changed after a version of the board: as they are now, or `None` if they are in the trash or purged.
///
/// The result is `None` if the history does not tell, or too much has changed. The history is read from the event of
/// that version on: if its time is another one, the version belongs to a state that a failover of the database has lost.
pub async fn since(
    conn: &mut Conn,
    board: BoardAccess,
    (version, time): Version,
    texts: LongTexts,
) -> Result<Option<Vec<(CardId, Option<ChangedCard>)>>> {
    let rows: Vec<Row> = conn.load(history(board, version, texts)).await?;
    let mut rows = rows.into_iter();
    let first = rows.next().map(|(event, ..)| (event.sequence, event.created_at));
    if first != Some((version, time)) || rows.len() > MAX_EVENTS {
        return Ok(None);
    }
    let mut changed = HashMap::new();
    for (event, card, labels) in rows {
        // A newer instance may write events that this one does not know.
        let Ok(payload) = event.payload() else { return Ok(None) };
        match payload.cards_change() {
            CardsChange::None => {}
            CardsChange::Card(id) => {
                changed.insert(id, changed_card(card, labels.as_deref())?);
            }
            CardsChange::Unknown => return Ok(None),
        }
    }
    Ok(Some(changed.into_iter().collect()))
}

/// An event, with the card that it changed last and the labels of this card.
type Row = (EventRow, Option<CardRow>, Option<String>);
type Types = (ColumnTypes<EventRow>, Nullable<ColumnTypes<CardRow>>, Nullable<Text>);

/// The events of a board from a version on.
fn history(board: BoardAccess, version: i64, texts: LongTexts) -> Statement<Types> {
    Statement::<Types>::new()
        .sql("SELECT ")
        .columns::<EventRow>()
        .sql(", ")
        .columns_with::<CardRow>(texts)
        .either(", (SELECT json_agg(label_id)::text", ", (SELECT json_group_array(label_id)")
        .sql(" FROM cards_labels WHERE card_id = cards.id) FROM board_events")
        // The latest event that changed a card has the card's version, so each card is read once.
        .sql(" LEFT JOIN cards ON cards.id = board_events.card_id AND cards.version = board_events.sequence")
        .sql(" WHERE board_events.board_id = ")
        .number(board.board_id().0)
        .sql(" AND board_events.sequence >= ")
        .number(version)
        .sql(" ORDER BY board_events.sequence LIMIT ")
        .number(i64::try_from(MAX_EVENTS + 2).unwrap_or(i64::MAX))
}

fn changed_card(card: Option<CardRow>, labels: Option<&str>) -> Result<Option<ChangedCard>> {
    let Some(card) = card.filter(|card| card.deleted_at.is_none()) else { return Ok(None) };
    let labels: Vec<i64> = serde_json::from_str(labels.unwrap_or("[]")).map_err(|error| {
        tracing::error!(%error, "the labels of a card cannot be read");
        Error::Internal
    })?;
    let labels = labels.into_iter().map(LabelId).collect();
    Ok(Some(ChangedCard { card: Arc::new(card.into()), labels }))
}
