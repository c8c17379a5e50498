//! Labels, and which cards bear them.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::access::{AuthorizedBoard, BoardAccess};
use super::boards::{BoardWithAccess, with_access};
use super::error::unique;
use super::lists::texts;
use super::locks::BoardEditor;
use super::memory_size::MemorySize;
use super::schema::{cards, cards_labels, labels};
use super::sql::{ColumnTypes, LongTexts, Statement};
use super::{Conn, Tx, sql};
use crate::domain::{
    At, BoardId, CardId, Error, Label, LabelColor, LabelId, LabelName, Result, Timestamp, UserKey,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = labels)]
struct LabelRow {
    id: i64,
    board_id: i64,
    color: LabelColor,
    name: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl MemorySize for LabelRow {
    fn texts(&self) -> usize {
        self.name.len()
    }
}

impl From<LabelRow> for Label {
    fn from(row: LabelRow) -> Self {
        Self {
            id: LabelId(row.id),
            board_id: BoardId(row.board_id),
            color: row.color,
            name: row.name,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Gives a new board a nameless label of each colour.
pub(super) async fn insert_all(tx: &mut Tx, board: BoardId, now: Timestamp) -> Result<()> {
    let statement = Statement::<BigInt>::new()
        .sql("INSERT INTO labels (board_id, color, name, created_at, updated_at) SELECT ")
        .number(board.0)
        .sql(", t.color, '', ")
        .time(now)
        .sql(", ")
        .time(now)
        .sql(" FROM ")
        .table("t", [("color", texts(LabelColor::ALL, LabelColor::as_str))]);
    run!(tx, |c| statement.execute(c).await)?;
    Ok(())
}

/// Makes a label; CONFLICT when the board has one of that colour.
pub async fn insert(
    tx: &mut Tx,
    board: &BoardEditor,
    color: LabelColor,
    name: &LabelName,
    now: Timestamp,
) -> Result<Label> {
    let inserted: QueryResult<LabelRow> = run!(tx, |c| diesel::insert_into(labels::table)
        .values((
            labels::board_id.eq(board.id().0),
            labels::color.eq(color.as_str()),
            labels::name.eq(name.as_str()),
            labels::created_at.eq(now),
            labels::updated_at.eq(now),
        ))
        .returning(LabelRow::as_returning())
        .get_result(c)
        .await);
    unique(inserted, color_taken()).map(Label::from)
}

fn color_taken() -> Error {
    Error::conflict("The board already has a label of this colour.").at("color")
}

/// Changes a label of the board; CONFLICT when the new colour is taken.
pub async fn update(
    tx: &mut Tx,
    board: &BoardEditor,
    label: LabelId,
    color: Option<LabelColor>,
    name: Option<&LabelName>,
    now: Timestamp,
) -> Result<Label> {
    let changes = (
        color.map(|color| labels::color.eq(color.as_str())),
        name.map(|name| labels::name.eq(name.as_str())),
        labels::updated_at.eq(now),
    );
    let target = labels::table.find(label.0).filter(labels::board_id.eq(board.id().0));
    let updated: QueryResult<LabelRow> = run!(tx, |c| diesel::update(target)
        .set(changes)
        .returning(LabelRow::as_returning())
        .get_result(c)
        .await);
    unique(updated, color_taken()).map(Label::from)
}

/// Deletes a label of the board. The cards that bear it lose it, a change that gives them this
/// version.
pub async fn delete(
    tx: &mut Tx,
    board: &BoardEditor,
    label: LabelId,
    version: i64,
    now: Timestamp,
) -> Result<()> {
    let bearing = cards_labels::table
        .filter(cards_labels::label_id.eq(label.0))
        .select(cards_labels::card_id);
    run!(tx, |c| diesel::update(cards::table.filter(cards::id.eq_any(bearing)))
        .set((cards::version.eq(version), cards::updated_at.eq(now)))
        .execute(c)
        .await)?;
    let target = labels::table.find(label.0).filter(labels::board_id.eq(board.id().0));
    run!(tx, |c| diesel::delete(target).execute(c).await)?;
    Ok(())
}

/// Those of the labels that belong to boards in use of the user, each with its board.
pub async fn find(
    conn: &mut Conn,
    user: UserKey,
    ids: &[LabelId],
) -> Result<Vec<(Label, AuthorizedBoard)>> {
    type Row = (LabelRow, BoardWithAccess);
    let statement = sql::select_with::<Row>(LongTexts::Skip)
        .sql(" FROM labels")
        .on_boards_of(user, "labels.board_id")
        .sql(" AND labels.id")
        .in_numbers(ids.iter().map(|id| id.0).collect());
    let rows: Vec<Row> = statement.rows(conn).await?;
    Ok(rows.into_iter().map(|(label, board)| (label.into(), with_access(board))).collect())
}

/// Which board a label belongs to: for taking the board's lock, which asks who may.
pub async fn board_of(tx: &mut Tx, label: LabelId) -> Result<Option<BoardId>> {
    let one = labels::table.find(label.0).select(labels::board_id);
    let board: Option<i64> = run!(tx, |c| one.first(c).await.optional())?;
    Ok(board.map(BoardId))
}

/// A label of the board.
pub async fn find_on(tx: &mut Tx, board: &BoardEditor, id: LabelId) -> Result<Option<Label>> {
    let row: Option<LabelRow> = run!(tx, |c| labels::table
        .find(id.0)
        .filter(labels::board_id.eq(board.id().0))
        .select(LabelRow::as_select())
        .first(c)
        .await
        .optional())?;
    Ok(row.map(Label::from))
}

/// The labels of one board, in the order of their colours.
pub async fn of_board(conn: &mut Conn, board: BoardAccess) -> Result<Vec<Arc<Label>>> {
    Ok(of_boards(conn, &[board]).await?.remove(&board.board_id()).unwrap_or_default())
}

/// The labels of several boards, in the order of their colours.
pub async fn of_boards(
    conn: &mut Conn,
    boards: &[BoardAccess],
) -> Result<HashMap<BoardId, Vec<Arc<Label>>>> {
    let statement = sql::select::<LabelRow>()
        .sql(" FROM labels WHERE labels.board_id")
        .in_numbers(boards.iter().map(|board| board.board_id().0).collect());
    let rows: Vec<LabelRow> = statement.rows(conn).await?;
    let of_board = |row: LabelRow| (BoardId(row.board_id), Arc::new(row.into()));
    Ok(grouped(rows.into_iter().map(of_board)))
}

/// The labels of several cards, in the order of their colours; a label is shared by all that bear it.
pub async fn of_cards(
    conn: &mut Conn,
    cards: &[(BoardAccess, CardId)],
) -> Result<HashMap<CardId, Vec<Arc<Label>>>> {
    let statement = Statement::<(BigInt, ColumnTypes<LabelRow>)>::new()
    .sql("SELECT cards_labels.card_id, ")
    .columns::<LabelRow>()
    .sql(" FROM cards_labels JOIN labels ON labels.id = cards_labels.label_id WHERE cards_labels.card_id")
    .in_numbers(cards.iter().map(|(_, card)| card.0).collect());
    let rows: Vec<(i64, LabelRow)> = statement.rows(conn).await?;
    let mut labels: HashMap<i64, Arc<Label>> = HashMap::new();
    let borne = rows.into_iter().map(|(card, row)| {
        let label = labels.entry(row.id).or_insert_with(|| Arc::new(row.into()));
        (CardId(card), Arc::clone(label))
    });
    Ok(grouped(borne))
}

fn grouped<K: Eq + std::hash::Hash>(
    labels: impl Iterator<Item = (K, Arc<Label>)>,
) -> HashMap<K, Vec<Arc<Label>>> {
    let mut lists: HashMap<K, Vec<Arc<Label>>> = HashMap::new();
    for (key, label) in labels {
        lists.entry(key).or_default().push(label);
    }
    for list in lists.values_mut() {
        list.sort_by_key(|label| label.color);
    }
    lists
}
