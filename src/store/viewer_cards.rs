//! The cards of several boards of a user.

use diesel::sql_types::{BigInt, Bool};

use super::access::{AuthorizedBoard, BoardWithAccess, with_access};
use super::card_filter::filtered;
use super::db::Conn;
use super::dsl::{ColumnTypes, ListOrder, LongTexts, Sort, SortColumn, Statement, numbers};
use super::rows::CardRow;
use crate::domain::{
    BoardId, Card, CardFilter, CardOrder, CardOrderField, Page, PageRequest, Result, Side, UserKey,
    lower_case,
};

/// Which cards a list has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ViewerCards {
    /// Cards of these boards; of all boards of the user if it is empty.
    pub boards: Vec<BoardId>,
    /// Cards that meet this condition.
    pub filter: CardFilter,
}

/// The memberships of the user, with their boards.
const MEMBERSHIPS: &str = " FROM users_boards JOIN boards ON boards.id = users_boards.board_id AND boards.deleted_at IS NULL";

impl<ST> Statement<ST> {
    /// Appends the condition that a membership belongs to the list.
    fn of_viewer(self, user: UserKey, list: &ViewerCards) -> Self {
        let statement = self.sql(" WHERE users_boards.user_id = ").number(user.0);
        if list.boards.is_empty() {
            return statement;
        }
        statement.sql(" AND boards.id").in_any(numbers(&list.boards, |board| board.0))
    }

    /// Appends the memberships of the list and the cards of their boards.
    fn cards_of_viewer(self, user: UserKey, list: &ViewerCards) -> Self {
        let statement = self
            .sql(MEMBERSHIPS)
            .sql(" JOIN cards ON cards.board_id = boards.id AND cards.deleted_at IS NULL")
            .of_viewer(user, list);
        filtered(statement, &list.filter)
    }

    /// Joins the first cards of each board. On PostgreSQL only the columns of the order are read.
    fn first_of_each_board(self, sort: Sort<Card>) -> Self {
        let mut statement = self.either(
            " CROSS JOIN LATERAL (SELECT ",
            " CROSS JOIN cards ON cards.id IN (SELECT cards.id",
        );
        for (index, column) in sort.columns().enumerate() {
            statement = statement.either(if index == 0 { "" } else { ", " }, "").either(column, "");
        }
        statement.sql(" FROM cards WHERE cards.board_id = boards.id AND cards.deleted_at IS NULL")
    }
}

/// A page of the list.
///
/// Of each board, the first cards are found by the index of the order; the page consists of the first of these.
pub async fn list(
    conn: &mut Conn,
    user: UserKey,
    list: &ViewerCards,
    sort: Sort<Card>,
    request: &PageRequest,
    texts: LongTexts,
) -> Result<Page<(Card, AuthorizedBoard)>> {
    type Row = (CardRow, BoardWithAccess);
    let statement = Statement::<ColumnTypes<Row>>::new()
        .sql("SELECT ")
        .columns_with::<CardRow>(texts)
        .sql(", ")
        .columns_with::<BoardWithAccess>(LongTexts::Skip)
        .sql(" FROM cards JOIN boards ON boards.id = cards.board_id")
        .sql(" JOIN users_boards ON users_boards.board_id = boards.id AND users_boards.user_id = ")
        .number(user.0)
        .sql(" WHERE cards.id IN (SELECT cards.id")
        .sql(MEMBERSHIPS)
        .first_of_each_board(sort);
    let statement = filtered(statement, &list.filter)
        .page(sort, request)
        .either(") AS cards", ")")
        .of_viewer(user, list)
        .page(sort, request)
        .sql(")");
    let rows: Vec<Row> = conn.load(statement).await?;
    let mut rows: Vec<_> =
        rows.into_iter().map(|(card, board)| (Card::from(card), with_access(board))).collect();
    let run = if request.backward { sort.reversed() } else { sort };
    rows.sort_by(|(one, _), (other, _)| run.compare(one, other));
    Ok(Page::from_rows(rows, request))
}

/// The number of cards in the list.
pub async fn count(conn: &mut Conn, user: UserKey, list: &ViewerCards) -> Result<i64> {
    let statement = Statement::<BigInt>::new().sql("SELECT count(*)").cards_of_viewer(user, list);
    Ok(conn.first(statement).await?.unwrap_or_default())
}

/// The bytes of text that a search in the list reads.
pub async fn search_bytes(conn: &mut Conn, user: UserKey, boards: Vec<BoardId>) -> Result<i64> {
    let all = ViewerCards { boards, filter: CardFilter::default() };
    let statement = Statement::<BigInt>::new()
        .sql("SELECT CAST(coalesce(sum(octet_length(cards.search_text)), 0) AS BIGINT)")
        .cards_of_viewer(user, &all);
    Ok(conn.first(statement).await?.unwrap_or_default())
}

/// Whether any card of the list lies beyond a page on this side.
pub async fn any_beyond(
    conn: &mut Conn,
    user: UserKey,
    list: &ViewerCards,
    sort: Sort<Card>,
    request: &PageRequest,
    side: Side,
) -> Result<bool> {
    let statement = Statement::<Bool>::new()
        .sql("SELECT EXISTS (SELECT 1")
        .cards_of_viewer(user, list)
        .beyond(sort, request, side)
        .sql(")");
    Ok(conn.first(statement).await?.unwrap_or_default())
}

const CREATED_AT: ListOrder<Card> =
    order("CREATED_AT", &[SortColumn::time("cards.created_at", |card| card.created_at)]);
const UPDATED_AT: ListOrder<Card> =
    order("UPDATED_AT", &[SortColumn::time("cards.updated_at", |card| card.updated_at)]);
const TITLE: ListOrder<Card> =
    order("TITLE", &[SortColumn::text("cards.title_key", |card| lower_case(&card.title).into())]);

const fn order(name: &'static str, by: &'static [SortColumn<Card>]) -> ListOrder<Card> {
    ListOrder { list: "viewerCards", name, by, tie: "cards.id", key: |card| card.id.0 }
}

/// The order of the list; `None` for the order of the cards on one board.
pub fn sort(order: CardOrder) -> Option<Sort<Card>> {
    let CardOrder { field, direction } = order;
    match field {
        CardOrderField::Rank => None,
        CardOrderField::CreatedAt => Some(CREATED_AT.sort(direction)),
        CardOrderField::UpdatedAt => Some(UPDATED_AT.sort(direction)),
        CardOrderField::Title => Some(TITLE.sort(direction)),
    }
}
