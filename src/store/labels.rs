//! Labels of boards and cards.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::access::{AuthorizedBoard, BoardAccess, BoardWithAccess, with_access};
use super::db::{Conn, Tx, unique};
use super::dsl::{LongTexts, Statement, any_of, columns, selection, texts};
use super::lock::{BoardTx, Edits};
use super::rows::LabelRow;
use super::schema::{boards, cards, cards_labels, labels, users_boards};
use crate::domain::{
    At, BoardId, CardId, ChangedField, Error, EventPayload, FieldChange, Label, LabelColor,
    LabelId, LabelName, Result, Timestamp, UserKey, rejection,
};

/// Creates the labels of a new board: one of each colour, without a name.
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
    tx.execute(statement).await?;
    Ok(())
}

/// Creates a label; CONFLICT if the board has one of that colour.
pub async fn insert(
    board: &mut BoardTx<'_, impl Edits>,
    color: LabelColor,
    name: &LabelName,
) -> Result<Label> {
    let now = board.now();
    let command = diesel::insert_into(labels::table)
        .values((
            labels::board_id.eq(board.id().0),
            labels::color.eq(color.as_str()),
            labels::name.eq(name.as_str().to_owned()),
            labels::created_at.eq(now),
            labels::updated_at.eq(now),
        ))
        .returning(columns::<LabelRow>());
    let event = |row: &LabelRow| {
        let (label, name) = (LabelId(row.id), row.name.clone());
        EventPayload::LabelCreated { label, color: row.color, name }
    };
    unique(board.write_returning(command, event).await, color_taken()).map(Label::from)
}

fn color_taken() -> Error {
    rejection::color_taken().at("color")
}

/// Changes a label of the board; CONFLICT if the new colour is taken.
pub async fn update(
    board: &mut BoardTx<'_, impl Edits>,
    old: &Label,
    color: Option<LabelColor>,
    name: Option<&LabelName>,
) -> Result<Label> {
    let changes = (
        color.map(|color| labels::color.eq(color.as_str())),
        name.map(|name| labels::name.eq(name.as_str().to_owned())),
        labels::updated_at.eq(board.now()),
    );
    let target = labels::table.find(old.id.0).filter(labels::board_id.eq(board.id().0));
    let command = diesel::update(target).set(changes).returning(columns::<LabelRow>());
    let event = |row: &LabelRow| label_change(old, row);
    unique(board.write_returning(command, event).await, color_taken()).map(Label::from)
}

fn label_change(old: &Label, new: &LabelRow) -> EventPayload {
    let fields = [
        (ChangedField::Name, old.name.as_str(), new.name.as_str()),
        (ChangedField::Color, old.color.as_str(), new.color.as_str()),
    ];
    let changed = fields.into_iter().filter(|(_, from, to)| from != to);
    EventPayload::LabelUpdated {
        label: old.id,
        color: new.color,
        name: new.name.clone(),
        changes: changed.map(|(field, from, to)| FieldChange::new(field, from, to)).collect(),
    }
}

/// Deletes a label of the board. The cards that have it lose it, which is a change of these cards.
pub async fn delete(board: &mut BoardTx<'_, impl Edits>, label: Label) -> Result<()> {
    let Label { id, color, name, .. } = label;
    let labelled =
        cards_labels::table.filter(cards_labels::label_id.eq(id.0)).select(cards_labels::card_id);
    let changes = (cards::version.eq(board.version_after(1)), cards::updated_at.eq(board.now()));
    let update = diesel::update(cards::table.filter(cards::id.eq_any(labelled))).set(changes);
    board.write(EventPayload::LabelDeleted { label: id, color, name }, update).await?;
    let target = labels::table.find(id.0).filter(labels::board_id.eq(board.id().0));
    board.write_more(diesel::delete(target)).await?;
    Ok(())
}

/// The labels with these keys that the user may see, each with its board.
pub async fn find(
    conn: &mut Conn,
    user: UserKey,
    ids: &[LabelId],
) -> Result<Vec<(Label, AuthorizedBoard)>> {
    type Row = (LabelRow, BoardWithAccess);
    let query = labels::table
        .inner_join(boards::table.inner_join(users_boards::table))
        .filter(users_boards::user_id.eq(user.0))
        .filter(boards::deleted_at.is_null())
        .filter(any_of(labels::id, ids.iter().map(|id| id.0)))
        .select(selection::<Row>(LongTexts::Skip));
    let rows: Vec<Row> = conn.load(query).await?;
    Ok(rows.into_iter().map(|(label, board)| (label.into(), with_access(board))).collect())
}

/// The board that a label belongs to: its lock checks the permission.
pub async fn board_of(conn: &mut Conn, label: LabelId) -> Result<Option<BoardId>> {
    let one = labels::table.find(label.0).select(labels::board_id);
    let board: Option<i64> = conn.first(one).await?;
    Ok(board.map(BoardId))
}

/// A label of the board.
pub async fn find_on(board: &mut BoardTx<'_, impl Edits>, id: LabelId) -> Result<Option<Label>> {
    let query = labels::table
        .find(id.0)
        .filter(labels::board_id.eq(board.id().0))
        .select(columns::<LabelRow>());
    let row: Option<LabelRow> = board.conn().first(query).await?;
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
    let query = labels::table
        .filter(any_of(labels::board_id, boards.iter().map(|board| board.board_id().0)))
        .select(columns::<LabelRow>());
    let rows: Vec<LabelRow> = conn.load(query).await?;
    let of_board = |row: LabelRow| (BoardId(row.board_id), Arc::new(row.into()));
    Ok(grouped(rows.into_iter().map(of_board)))
}

/// Which labels cards have: pairs of a card and a label.
pub struct LabelPairs(Vec<(i64, i64)>);

impl LabelPairs {
    /// The labels of the cards with these keys.
    pub async fn of_cards(conn: &mut Conn, cards: &[(BoardAccess, CardId)]) -> Result<Self> {
        let query = cards_labels::table
            .filter(any_of(cards_labels::card_id, cards.iter().map(|(_, card)| card.0)))
            .select((cards_labels::card_id, cards_labels::label_id));
        Ok(Self::sorted(conn.load(query).await?))
    }

    /// The labels of all cards on these boards, those in the trash included. If most cards of a board are wanted, this is
    /// faster than to look up each card. `None` if there are more than `limit` pairs.
    pub async fn of_boards(
        conn: &mut Conn,
        boards: &[BoardAccess],
        limit: usize,
    ) -> Result<Option<Self>> {
        let query = cards_labels::table
            .inner_join(labels::table)
            .filter(any_of(labels::board_id, boards.iter().map(|board| board.board_id().0)))
            .select((cards_labels::card_id, cards_labels::label_id))
            .limit(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1));
        let pairs: Vec<(i64, i64)> = conn.load(query).await?;
        Ok((pairs.len() <= limit).then(|| Self::sorted(pairs)))
    }

    fn sorted(mut pairs: Vec<(i64, i64)>) -> Self {
        pairs.sort_unstable();
        Self(pairs)
    }

    /// The labels of a card, by their keys.
    pub fn of(&self, card: CardId) -> Arc<[LabelId]> {
        let first = self.0.partition_point(|pair| pair.0 < card.0);
        let pairs = self.0.get(first..).unwrap_or_default();
        let count = pairs.iter().take_while(|pair| pair.0 == card.0).count();
        pairs.iter().take(count).map(|pair| LabelId(pair.1)).collect()
    }
}

/// The labels of several cards, in the order of their colours; cards with the same label share it.
pub async fn of_cards(
    conn: &mut Conn,
    cards: &[(BoardAccess, CardId)],
) -> Result<HashMap<CardId, Vec<Arc<Label>>>> {
    let query = cards_labels::table
        .inner_join(labels::table)
        .filter(any_of(cards_labels::card_id, cards.iter().map(|(_, card)| card.0)))
        .select((cards_labels::card_id, columns::<LabelRow>()));
    let rows: Vec<(i64, LabelRow)> = conn.load(query).await?;
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
