//! Cards.

use std::collections::{BTreeMap, HashMap};
use std::iter;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;

use super::access::{AuthorizedBoard, BoardAccess};
use super::boards::{BoardWithAccess, with_access};
use super::lists::numbers;
use super::locks::BoardEditor;
use super::memory_size::MemorySize;
use super::schema::{cards, cards_labels};
use super::sql::{LongTexts, Statement, Write};
use super::{Conn, Tx, bulk, sql};
use crate::domain::{
    BoardId, Card, CardColumn, CardId, Error, LabelColor, LabelId, NewCard, Rank, Result,
    Timestamp, UserKey, fold_case,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = cards)]
pub(super) struct CardRow {
    id: i64,
    board_id: i64,
    title: String,
    #[diesel(select_expression = cards::description.nullable())]
    #[diesel(select_expression_type = diesel::dsl::Nullable<cards::description>)]
    description: Option<String>,
    column: CardColumn,
    rank: Rank,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    deleted_at: Option<Timestamp>,
}

impl MemorySize for CardRow {
    fn texts(&self) -> usize {
        self.title.len() + self.description.texts() + self.rank.texts()
    }
}

impl From<CardRow> for Card {
    fn from(row: CardRow) -> Self {
        Self {
            id: CardId(row.id),
            board_id: BoardId(row.board_id),
            title: row.title,
            description: row.description,
            column: row.column,
            rank: row.rank,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
        }
    }
}

/// What is searched, in folded case. The character between cannot occur in a text, so no match
/// spans both.
pub(super) fn search_text(title: &str, description: &str) -> String {
    fold_case(title) + "\u{1f}" + &fold_case(description)
}

/// What must be known before cards are made.
pub struct InsertContext {
    /// The board's labels, if any were named.
    pub labels: BTreeMap<LabelColor, LabelId>,
    /// For each card the key that it gets, and the last rank in its column.
    places: Vec<(CardId, Option<Rank>)>,
}

/// Finds out what must be known before these cards are made, in one statement.
pub async fn insert_context(
    tx: &mut Tx,
    board: &BoardEditor,
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
    let rows: Vec<(i64, Option<Rank>, Option<String>)> = statement.rows(tx).await?;
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

/// Cards in the given order, each with its labels, at the end of its column, and what writes them. Each
/// is an event of its own: the first gets the board's next version, and so on.
pub fn insert(
    board: &BoardEditor,
    insert_context: &InsertContext,
    new: &[(&NewCard, Vec<LabelId>)],
    now: Timestamp,
) -> Result<(Vec<Card>, Vec<Write>)> {
    let mut ends: HashMap<CardColumn, Rank> = HashMap::new();
    let mut cards = Vec::new();
    for (index, ((new, _), (id, last))) in new.iter().zip(&insert_context.places).enumerate() {
        let last = ends.get(&new.column).or(last.as_ref());
        let rank = Rank::between(last, None).ok_or(Error::Internal)?;
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
        });
    }
    let labels = cards.iter().zip(new);
    let labels: Vec<_> = labels
        .flat_map(|(card, (_, labels))| labels.iter().map(|label| (card.id, *label)))
        .collect();
    let writes = iter::once(bulk::insert_cards(&cards, now)).chain(bulk::card_labels(&labels, now));
    let writes = writes.collect();
    Ok((cards, writes))
}

/// What writes a card of the board as it shall be, to be run with the events that tell of it. LongTexts that
/// stay are not written: they may be long.
pub fn save(board: &BoardEditor, old: &Card, new: &Card) -> Write {
    let mut statement = Write::new().sql("UPDATE cards SET ");
    if let Some(description) = &new.description
        && (old.title != new.title || old.description != new.description)
    {
        statement = statement
            .sql("title = ")
            .text(&*new.title)
            .sql(", title_key = ")
            .text(fold_case(&new.title))
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
    statement.sql(" WHERE id = ").number(new.id.0).sql(" AND board_id = ").number(board.id().0)
}

/// Gives a card labels of its board that it does not bear yet.
pub async fn add_labels(
    tx: &mut Tx,
    _board: &BoardEditor,
    card: CardId,
    labels: &[LabelId],
    now: Timestamp,
) -> Result<()> {
    let pairs: Vec<_> = labels.iter().map(|label| (card, *label)).collect();
    sql::execute_all(tx, bulk::card_labels(&pairs, now).into_iter().collect()).await?;
    Ok(())
}

/// Takes labels off a card.
pub async fn remove_labels(
    tx: &mut Tx,
    _board: &BoardEditor,
    card: CardId,
    labels: &[LabelId],
) -> Result<()> {
    if labels.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = labels.iter().map(|label| label.0).collect();
    let target = cards_labels::table
        .filter(cards_labels::card_id.eq(card.0))
        .filter(cards_labels::label_id.eq_any(&ids));
    run!(tx, |c| diesel::delete(target).execute(c).await)?;
    Ok(())
}

/// Those of the cards that stand on boards of the user, each with its board.
pub async fn find(
    conn: &mut Conn,
    user: UserKey,
    ids: &[CardId],
    texts: LongTexts,
) -> Result<Vec<(Card, AuthorizedBoard)>> {
    type Row = (CardRow, BoardWithAccess);
    let statement = sql::select_with::<Row>(texts)
        .sql(" FROM cards")
        .on_boards_of(user, "cards.board_id")
        .sql(" AND cards.deleted_at IS NULL AND cards.id")
        .in_numbers(ids.iter().map(|id| id.0).collect());
    let rows: Vec<Row> = statement.rows(conn).await?;
    Ok(rows.into_iter().map(|(card, board)| (card.into(), with_access(board))).collect())
}

/// Which board a card is on, and whether it is in the trash: for taking the board's lock, which asks
/// who may.
pub async fn board_of(tx: &mut Tx, card: CardId) -> Result<Option<(BoardId, bool)>> {
    let row: Option<(i64, bool)> = run!(tx, |c| cards::table
        .find(card.0)
        .select((cards::board_id, cards::deleted_at.is_not_null()))
        .first(c)
        .await
        .optional())?;
    Ok(row.map(|(board, deleted)| (BoardId(board), deleted)))
}

/// A card of the board, which may be in the trash.
pub async fn find_on(tx: &mut Tx, board: &BoardEditor, id: CardId) -> Result<Option<Card>> {
    let row: Option<CardRow> = run!(tx, |c| cards::table
        .find(id.0)
        .filter(cards::board_id.eq(board.id().0))
        .select(CardRow::as_select())
        .first(c)
        .await
        .optional())?;
    Ok(row.map(Card::from))
}

/// Those of the cards that stand on these boards, whose member is known to be one.
pub async fn on_boards(
    conn: &mut Conn,
    cards: &[(BoardAccess, CardId)],
    texts: LongTexts,
) -> Result<Vec<Card>> {
    let statement = sql::select_with::<CardRow>(texts)
        .sql(" FROM cards WHERE cards.deleted_at IS NULL AND cards.id")
        .in_numbers(cards.iter().map(|(_, card)| card.0).collect())
        .sql(" AND cards.board_id")
        .in_numbers(cards.iter().map(|(board, _)| board.board_id().0).collect());
    let rows: Vec<CardRow> = statement.rows(conn).await?;
    Ok(rows.into_iter().map(Card::from).collect())
}

/// The descriptions of cards on these boards, which may be in the trash.
pub async fn descriptions(
    conn: &mut Conn,
    cards: &[(BoardAccess, CardId)],
) -> Result<HashMap<CardId, Arc<str>>> {
    let statement = Statement::<(BigInt, Text)>::new()
        .sql("SELECT cards.id, cards.description FROM cards WHERE cards.id")
        .in_numbers(cards.iter().map(|(_, card)| card.0).collect())
        .sql(" AND cards.board_id")
        .in_numbers(cards.iter().map(|(board, _)| board.board_id().0).collect());
    let rows: Vec<(i64, String)> = statement.rows(conn).await?;
    Ok(rows.into_iter().map(|(card, text)| (CardId(card), text.into())).collect())
}
