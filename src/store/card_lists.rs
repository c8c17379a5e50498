//! Lists of cards: filters, orders, and pages of several lists in one statement.

use super::access::BoardAccess;
use super::db::Conn;
use super::dsl::{
    Children, LongTexts, Sort, Statement, aggregate_of_each, any_of_each, count_of_each, in_order,
    into_pages, page_of_each, texts,
};
use super::rows::CardRow;
use crate::domain::{
    Card, CardColumn, CardFilter, CardOrder, CardOrderField, Direction, Page, PageRequest,
    Position, Result, Right, Side, SortValue, lower_case,
};

/// A list of cards: those on a board, in one of its columns, or in its trash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CardList {
    board: BoardAccess,
    part: Part,
}

/// Which of a board's cards a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Part {
    Board,
    Column(CardColumn),
    Trash,
}

/// Lists of one kind are read by one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardListKind {
    /// The cards on a board.
    Board,
    /// The cards in a column.
    Column,
    /// The cards in the trash, latest first.
    Trash,
}

impl CardList {
    /// The cards on a board.
    pub fn on_board(board: BoardAccess) -> Self {
        Self { board, part: Part::Board }
    }

    /// The cards in a column of a board.
    pub fn in_column(board: BoardAccess, column: CardColumn) -> Self {
        Self { board, part: Part::Column(column) }
    }

    /// The cards in the trash of a board; `None` for a member who may not see the trash.
    pub fn in_trash(board: BoardAccess) -> Option<Self> {
        board.may(Right::Edit).then_some(Self { board, part: Part::Trash })
    }

    /// The member's access to the board.
    pub fn board(self) -> BoardAccess {
        self.board
    }

    /// Which of the board's cards it has.
    pub fn part(self) -> Part {
        self.part
    }

    /// Which kind of list it is.
    pub fn kind(self) -> CardListKind {
        match self.part {
            Part::Board => CardListKind::Board,
            Part::Column(_) => CardListKind::Column,
            Part::Trash => CardListKind::Trash,
        }
    }

    fn parent(self) -> (i64, i64) {
        let column = match self.part {
            Part::Column(column) => column.position(),
            Part::Board | Part::Trash => 0,
        };
        (self.board.board_id().0, column)
    }
}

fn children(kind: CardListKind) -> Children {
    let of_parent = match kind {
        CardListKind::Board => "cards.board_id = p.id AND cards.deleted_at IS NULL",
        CardListKind::Column => {
            "cards.board_id = p.id AND cards.column_position = p.sub AND cards.deleted_at IS NULL"
        }
        CardListKind::Trash => "cards.board_id = p.id AND cards.deleted_at IS NOT NULL",
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
    texts: LongTexts,
) -> Result<Vec<Page<Card>>> {
    let Some(kind) = lists.first().map(|list| list.kind()) else { return Ok(Vec::new()) };
    let parents: Vec<_> = lists.iter().map(|list| list.parent()).collect();
    let statement = page_of_each::<CardRow>(
        &parents,
        &children(kind),
        "",
        |statement| filtered(statement, filter),
        sort(kind, order),
        request,
        texts,
    );
    let rows: Vec<(i64, CardRow)> = conn.load(statement).await?;
    let rows = rows.into_iter().map(|(place, row)| (place, row.into())).collect();
    Ok(into_pages(rows, lists.len(), request))
}

/// The number of cards in each list, in the order of `lists`, which must be of one kind.
pub async fn counts(conn: &mut Conn, lists: &[CardList], filter: &CardFilter) -> Result<Vec<i64>> {
    let Some(kind) = lists.first().map(|list| list.kind()) else { return Ok(Vec::new()) };
    let parents: Vec<_> = lists.iter().map(|list| list.parent()).collect();
    let statement =
        count_of_each(&parents, &children(kind), |statement| filtered(statement, filter));
    let rows: Vec<(i64, i64)> = conn.load(statement).await?;
    Ok(in_order(rows, lists.len()))
}

/// The bytes of text that a search reads on each board, in the order of `boards`. The texts themselves are not read:
/// both databases store the length of a value.
pub async fn search_bytes(conn: &mut Conn, boards: &[BoardAccess]) -> Result<Vec<i64>> {
    let parents: Vec<_> = boards.iter().map(|board| CardList::on_board(*board).parent()).collect();
    let sum = "coalesce(sum(octet_length(cards.search_text)), 0)";
    let children = children(CardListKind::Board);
    let statement = aggregate_of_each(&parents, sum, &children, |statement| statement);
    Ok(in_order(conn.load(statement).await?, boards.len()))
}

/// Whether any card of each list lies beyond a page on this side, in the order of `lists`, which must be of
/// this kind.
pub async fn any_beyond(
    conn: &mut Conn,
    lists: &[CardList],
    filter: &CardFilter,
    order: CardOrder,
    request: &PageRequest,
    side: Side,
) -> Result<Vec<bool>> {
    let Some(kind) = lists.first().map(|list| list.kind()) else { return Ok(Vec::new()) };
    let parents: Vec<_> = lists.iter().map(|list| list.parent()).collect();
    let filter = |statement| filtered(statement, filter);
    let (children, sort) = (children(kind), sort(kind, order));
    let statement = any_of_each(&parents, &children, filter, sort, request, side);
    Ok(in_order(conn.load(statement).await?, lists.len()))
}

fn filtered<ST>(statement: Statement<ST>, filter: &CardFilter) -> Statement<ST> {
    let mut statement = statement;
    if !filter.columns.is_empty() {
        let places = filter.columns.iter().map(|column| column.position()).collect();
        statement = statement.sql(" AND cards.column_position").in_numbers(places);
    }
    if !filter.labels.is_empty() {
        let colors = texts(&filter.labels, |color| color.as_str());
        statement = statement
            .sql(" AND EXISTS (SELECT 1 FROM cards_labels JOIN labels ON labels.id = cards_labels.label_id")
            .sql(" WHERE cards_labels.card_id = cards.id AND labels.color")
            .in_list(colors)
            .sql(")");
    }
    if let Some(text) = &filter.text {
        statement = containing(statement.sql(" AND ("), text.as_str());
        // Texts of the previous version are searched with its folding until they are rewritten.
        if let Some(former) = text.former() {
            statement = containing(statement.sql(" OR "), former);
        }
        statement = statement.sql(")");
    }
    statement
}

fn containing<ST>(statement: Statement<ST>, text: &str) -> Statement<ST> {
    statement
        .either("strpos(cards.search_text, ", "instr(cards.search_text, ")
        .text(text)
        .sql(") > 0")
}

fn sort(kind: CardListKind, order: CardOrder) -> Sort {
    let (by, direction): (&[&str], _) = match (kind, order.field) {
        (CardListKind::Trash, _) => (&["cards.deleted_at"], Direction::Descending),
        (_, CardOrderField::Rank) => (&["cards.column_position", "cards.rank"], order.direction),
        (_, CardOrderField::CreatedAt) => (&["cards.created_at"], order.direction),
        (_, CardOrderField::UpdatedAt) => (&["cards.updated_at"], order.direction),
        (_, CardOrderField::Title) => (&["cards.title_key"], order.direction),
    };
    Sort { by, tie: "cards.id", direction }
}

/// The position of a card in a list of this kind and order.
pub fn position(card: &Card, kind: CardListKind, order: CardOrder) -> Position {
    let values = match (kind, order.field) {
        (CardListKind::Trash, _) => {
            vec![SortValue::Time(card.deleted_at.unwrap_or(card.updated_at))]
        }
        (_, CardOrderField::Rank) => vec![
            SortValue::Number(card.column.position()),
            SortValue::Text(card.rank.as_str().to_owned()),
        ],
        (_, CardOrderField::CreatedAt) => vec![SortValue::Time(card.created_at)],
        (_, CardOrderField::UpdatedAt) => vec![SortValue::Time(card.updated_at)],
        (_, CardOrderField::Title) => vec![SortValue::Text(lower_case(&card.title))],
    };
    Position { values, key: card.id.0 }
}
