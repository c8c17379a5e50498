//! Cards.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::access::{BoardAccess, LockedBoard, Membership};
use super::bulk::{self, CardRecord};
use super::page::{self, Children, Sort};
use super::schema::{cards, cards_labels};
use super::sql::{ColumnTypes, Columns, Statement};
use super::{Conn, Tx, sql};
use crate::domain::{
    BoardId, Card, CardColumn, CardFilter, CardId, CardOrder, CardOrderField, Description, LabelId,
    NewCard, Page, PageRequest, Position, Result, SortValue, Timestamp, Title, UserId, fold_case,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = cards)]
pub(super) struct CardRow {
    id: i64,
    board_id: i64,
    title: String,
    description: String,
    column: CardColumn,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<CardRow> for Card {
    fn from(row: CardRow) -> Self {
        Self {
            id: CardId(row.id),
            board_id: BoardId(row.board_id),
            title: row.title,
            description: row.description,
            column: row.column,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// What is searched, in folded case. The character between cannot occur in a text, so no match
/// spans both.
pub(super) fn search_text(title: &str, description: &str) -> String {
    fold_case(title) + "\u{1f}" + &fold_case(description)
}

/// Makes cards in the given order, each with its labels.
pub async fn insert(
    tx: &mut Tx,
    board: &LockedBoard,
    new: &[(&NewCard, Vec<LabelId>)],
    now: Timestamp,
) -> Result<Vec<Card>> {
    let records: Vec<_> =
        new.iter().map(|(card, _)| CardRecord::new(board.id(), card, now)).collect();
    let cards = bulk::insert_cards(tx, &records).await?;
    let pairs: Vec<_> = cards
        .iter()
        .zip(new)
        .flat_map(|(card, (_, labels))| labels.iter().map(|label| (card.id, *label)))
        .collect();
    bulk::insert_card_labels(tx, &pairs, now).await?;
    Ok(cards)
}

/// Writes new texts, a new column or both, and moves `updated_at`.
pub async fn update(
    tx: &mut Tx,
    board: &LockedBoard,
    card: &Card,
    title: Option<&Title>,
    description: Option<&Description>,
    column: Option<CardColumn>,
    now: Timestamp,
) -> Result<Card> {
    let new_title = title.map_or(card.title.as_str(), Title::as_str);
    let new_description = description.map_or(card.description.as_str(), Description::as_str);
    let target = cards::table.find(card.id.0).filter(cards::board_id.eq(board.id().0));
    let row: CardRow = run!(tx, |c| diesel::update(target)
        .set((
            cards::title.eq(new_title),
            cards::title_key.eq(fold_case(new_title)),
            cards::description.eq(new_description),
            cards::search_text.eq(search_text(new_title, new_description)),
            cards::column.eq(column.unwrap_or(card.column).as_str()),
            cards::updated_at.eq(now),
        ))
        .returning(CardRow::as_returning())
        .get_result(c)
        .await)?;
    Ok(row.into())
}

/// Gives a card labels of its board that it does not bear yet.
pub async fn add_labels(
    tx: &mut Tx,
    _board: &LockedBoard,
    card: CardId,
    labels: &[LabelId],
    now: Timestamp,
) -> Result<()> {
    let pairs: Vec<_> = labels.iter().map(|label| (card, *label)).collect();
    bulk::insert_card_labels(tx, &pairs, now).await
}

/// Takes labels off a card.
pub async fn remove_labels(
    tx: &mut Tx,
    _board: &LockedBoard,
    card: CardId,
    labels: &[LabelId],
) -> Result<()> {
    let ids: Vec<i64> = labels.iter().map(|label| label.0).collect();
    let target = cards_labels::table
        .filter(cards_labels::card_id.eq(card.0))
        .filter(cards_labels::label_id.eq_any(&ids));
    run!(tx, |c| diesel::delete(target).execute(c).await)?;
    Ok(())
}

/// Deletes a card of the board.
pub async fn delete(tx: &mut Tx, board: &LockedBoard, card: CardId) -> Result<()> {
    let target = cards::table.find(card.0).filter(cards::board_id.eq(board.id().0));
    run!(tx, |c| diesel::delete(target).execute(c).await)?;
    Ok(())
}

/// Those of the cards that stand on boards of the user.
pub async fn find(
    conn: &mut Conn,
    user: UserId,
    ids: &[CardId],
) -> Result<Vec<(Card, BoardAccess)>> {
    type Row = (CardRow, Membership);
    let statement = sql::select::<Row>()
    .sql(" FROM cards JOIN users_boards ON users_boards.board_id = cards.board_id WHERE users_boards.user_id = ")
    .number(user.0)
    .sql(" AND cards.id")
    .in_numbers(ids.iter().map(|id| id.0).collect());
    let rows: Vec<Row> = run!(conn, |c| statement.load(c).await)?;
    Ok(rows.into_iter().map(|(card, membership)| (card.into(), membership.access())).collect())
}

/// A list of cards: those of a board, or those of one of its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CardList {
    /// The board.
    pub board: BoardAccess,
    /// One of its columns, or `None` for all.
    pub column: Option<CardColumn>,
}

impl CardList {
    fn parent(self) -> (i64, i64) {
        (self.board.board_id().0, self.column.map_or(0, CardColumn::position))
    }
}

/// All lists of one call must be of one kind, boards or columns.
fn children(lists: &[CardList]) -> Children {
    let of_parent = if lists.iter().any(|list| list.column.is_some()) {
        "cards.board_id = p.id AND cards.column_position = p.sub"
    } else {
        "cards.board_id = p.id"
    };
    Children { table: "cards", key: "cards.id", of_parent }
}

/// A page of each list, in the order of `lists`, which must be of one kind.
pub async fn list(
    conn: &mut Conn,
    lists: &[CardList],
    filter: &CardFilter,
    order: CardOrder,
    request: &PageRequest,
) -> Result<Vec<Page<Card>>> {
    let parents: Vec<_> = lists.iter().map(|list| list.parent()).collect();
    let statement = page::page_of_each::<ColumnTypes<CardRow>, Columns<CardRow>>(
        sql::columns_of::<CardRow>(),
        &parents,
        &children(lists),
        "",
        |statement| filtered(statement, filter),
        sort(order),
        request,
    );
    let rows: Vec<(i64, CardRow)> = run!(conn, |c| statement.load(c).await)?;
    let rows = rows.into_iter().map(|(place, row)| (place, row.into())).collect();
    Ok(page::into_pages(rows, lists.len(), request))
}

/// How many cards each list has, in the order of `lists`, which must be of one kind.
pub async fn counts(conn: &mut Conn, lists: &[CardList], filter: &CardFilter) -> Result<Vec<i64>> {
    let parents: Vec<_> = lists.iter().map(|list| list.parent()).collect();
    let statement =
        page::count_of_each(&parents, &children(lists), |statement| filtered(statement, filter));
    let rows: Vec<(i64, i64)> = run!(conn, |c| statement.load::<(i64, i64)>(c).await)?;
    Ok(page::into_counts(rows, lists.len()))
}

fn filtered<ST, C>(statement: Statement<ST, C>, filter: &CardFilter) -> Statement<ST, C> {
    let mut statement = statement;
    if !filter.columns.is_empty() {
        let places = filter.columns.iter().map(|column| column.position()).collect();
        statement = statement.sql(" AND cards.column_position").in_numbers(places);
    }
    if !filter.labels.is_empty() {
        let colors = filter.labels.iter().map(|color| color.as_str()).collect();
        statement = statement
            .sql(" AND EXISTS (SELECT 1 FROM cards_labels JOIN labels ON labels.id = cards_labels.label_id")
            .sql(" WHERE cards_labels.card_id = cards.id AND labels.color")
            .in_texts(colors)
            .sql(")");
    }
    if let Some(text) = &filter.text {
        statement = statement
            .either(" AND strpos(cards.search_text, ", " AND instr(cards.search_text, ")
            .text(text.as_str())
            .sql(") > 0");
    }
    statement
}

fn sort(order: CardOrder) -> Sort {
    let by = match order.field {
        CardOrderField::Rank => "cards.column_position",
        CardOrderField::CreatedAt => "cards.created_at",
        CardOrderField::UpdatedAt => "cards.updated_at",
        CardOrderField::Title => "cards.title_key",
    };
    Sort { by, tie: "cards.id", direction: order.direction }
}

/// The place of a card in a list of this order.
pub fn position(card: &Card, order: CardOrder) -> Position {
    let value = match order.field {
        CardOrderField::Rank => SortValue::Number(card.column.position()),
        CardOrderField::CreatedAt => SortValue::Time(card.created_at),
        CardOrderField::UpdatedAt => SortValue::Time(card.updated_at),
        CardOrderField::Title => SortValue::Text(fold_case(&card.title)),
    };
    Position { value, key: card.id.0 }
}
