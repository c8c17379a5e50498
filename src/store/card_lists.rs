//! Lists of cards: orders, and pages of several lists in one statement.

use super::access::BoardAccess;
use super::card_filter::filtered;
use super::db::Conn;
use super::dsl::{
    Children, ListOrder, LongTexts, PageOfEach, Sort, SortColumn, aggregate_of_each, any_of_each,
    count_of_each, in_order, into_pages, page_of_each,
};
use super::rows::CardRow;
use crate::domain::{
    Card, CardColumn, CardFilter, CardOrder, CardOrderField, Direction, Page, PageRequest, Result,
    Right, Side, lower_case,
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

    /// Whether the card is in the list.
    pub fn contains(self, card: &Card) -> bool {
        let in_trash = card.deleted_at.is_some();
        card.board_id == self.board.board_id()
            && match self.part {
                Part::Board => !in_trash,
                Part::Column(column) => !in_trash && card.column == column,
                Part::Trash => in_trash,
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
    let sort = sort(kind, order);
    let statement = page_statement(lists, kind, filter, sort, request, texts);
    let rows: Vec<(i64, CardRow)> = conn.load(statement).await?;
    let rows = rows.into_iter().map(|(place, row)| (place, row.into()));
    Ok(into_pages(rows, lists.len(), sort, request))
}

fn page_statement(
    lists: &[CardList],
    kind: CardListKind,
    filter: &CardFilter,
    sort: Sort<Card>,
    request: &PageRequest,
    texts: LongTexts,
) -> PageOfEach<CardRow> {
    let parents: Vec<_> = lists.iter().map(|list| list.parent()).collect();
    let filter = |statement| filtered(statement, filter);
    page_of_each::<CardRow, _>(&parents, &children(kind), "", filter, sort, request, texts)
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
/// one kind.
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

const RANK: ListOrder<Card> = order(
    "cards",
    "RANK",
    &[
        SortColumn::number("cards.column_position", |card| card.column.position()),
        SortColumn::text("cards.rank", |card| card.rank.as_str().into()),
    ],
);
const CREATED_AT: ListOrder<Card> =
    order("cards", "CREATED_AT", &[SortColumn::time("cards.created_at", |card| card.created_at)]);
const UPDATED_AT: ListOrder<Card> =
    order("cards", "UPDATED_AT", &[SortColumn::time("cards.updated_at", |card| card.updated_at)]);
const TITLE: ListOrder<Card> = order(
    "cards",
    "TITLE",
    &[SortColumn::text("cards.title_key", |card| lower_case(&card.title).into())],
);
const DELETED_AT: ListOrder<Card> = order(
    "deletedCards",
    "DELETED_AT",
    &[SortColumn::time("cards.deleted_at", |card| card.deleted_at.unwrap_or(card.updated_at))],
);

const fn order(
    list: &'static str,
    name: &'static str,
    by: &'static [SortColumn<Card>],
) -> ListOrder<Card> {
    ListOrder { list, name, by, tie: "cards.id", key: |card| card.id.0 }
}

/// The order of a list of this kind. The trash has only one order.
pub const fn sort(kind: CardListKind, order: CardOrder) -> Sort<Card> {
    let CardOrder { field, direction } = order;
    match (kind, field) {
        (CardListKind::Trash, _) => DELETED_AT.sort(Direction::Descending),
        (_, CardOrderField::Rank) => RANK.sort(direction),
        (_, CardOrderField::CreatedAt) => CREATED_AT.sort(direction),
        (_, CardOrderField::UpdatedAt) => UPDATED_AT.sort(direction),
        (_, CardOrderField::Title) => TITLE.sort(direction),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use diesel::pg::Pg;

    use super::*;
    use crate::domain::{
        BoardId, BoardRole, CardId, LabelColor, Position, Rank, SearchText, Timestamp,
    };
    use crate::store::access::Membership;

    fn card() -> Card {
        Card {
            id: CardId(1),
            board_id: BoardId(1),
            title: "title".into(),
            description: None,
            column: CardColumn::Todo,
            rank: Rank::between(None, None).unwrap(),
            version: 1,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
            deleted_at: None,
            created_by: None,
        }
    }

    fn requests(position: &Position) -> Vec<PageRequest> {
        let bounds = [None, Some(position.clone())];
        let mut requests = Vec::new();
        for (after, before) in
            bounds.iter().flat_map(|one| bounds.iter().map(move |two| (one, two)))
        {
            for (backward, limit) in [(false, 0), (true, 1000)] {
                let (after, before) = (after.clone(), before.clone());
                requests.push(PageRequest { limit, backward, after, before });
            }
        }
        requests
    }

    fn filters() -> Vec<CardFilter> {
        let text = |text| SearchText::parse(text).unwrap();
        let all = CardFilter {
            columns: vec![CardColumn::Todo, CardColumn::Done],
            labels: vec![LabelColor::Red, LabelColor::Blue],
            text: text("STRAßE"),
        };
        vec![
            CardFilter { columns: vec![CardColumn::Todo], ..CardFilter::default() },
            CardFilter { labels: vec![LabelColor::Red], ..CardFilter::default() },
            CardFilter { text: text("text"), ..CardFilter::default() },
            CardFilter::default(),
            all,
        ]
    }

    /// Lists of one board and of two.
    fn lists() -> Vec<Vec<CardList>> {
        let list = |board_id, part| {
            let membership = Membership { board_id, user_id: 1, role: BoardRole::Admin };
            CardList { board: membership.access(None), part }
        };
        let parts = [Part::Board, Part::Column(CardColumn::Todo), Part::Trash];
        let of_part = |part| [vec![list(1, part)], vec![list(1, part), list(2, part)]];
        parts.into_iter().flat_map(of_part).collect()
    }

    const FIELDS: [CardOrderField; 4] = [
        CardOrderField::Rank,
        CardOrderField::CreatedAt,
        CardOrderField::UpdatedAt,
        CardOrderField::Title,
    ];

    /// A connection keeps every text that it has prepared. Filters, sizes and the numbers of lists must not multiply them.
    #[test]
    fn pages_of_cards_have_a_bounded_number_of_texts() {
        let mut found = HashSet::new();
        for lists in lists() {
            let kind = lists[0].kind();
            for field in FIELDS {
                for direction in [Direction::Ascending, Direction::Descending] {
                    let sort = sort(kind, CardOrder { field, direction });
                    for request in requests(&sort.position(&card())) {
                        for filter in filters() {
                            for texts in [LongTexts::Load, LongTexts::Skip] {
                                let page =
                                    page_statement(&lists, kind, &filter, sort, &request, texts);
                                let text = diesel::debug_query::<Pg, _>(&page).to_string();
                                found.insert(text.split(" -- binds").next().unwrap().to_owned());
                            }
                        }
                    }
                }
            }
        }
        // For each of: with and without a filter, one list and several, with and without descriptions, eight combinations of
        // cursors and directions, and nine orders: four of boards, four of columns, one of the trash.
        assert_eq!(found.len(), 2 * 2 * 2 * 8 * 9);
    }
}
