//! Keyset pagination: a page of one list, or a page for each of several parents in one statement.
//!
//! A page of each parent reads only its own rows: PostgreSQL through `LATERAL`, SQLite through a
//! correlated `IN (… LIMIT …)`. (A window function would read every row of every parent.)

use diesel::sql_types::{BigInt, Bool};

use super::bind::{List, numbers};
use super::row::{ColumnTypes, LongTexts, Row};
use super::statement::Statement;
use crate::domain::{Direction, Page, PageRequest, Position, Side};

/// The order of a list: sort columns, and a column that is unique within the list as tie-breaker.
#[derive(Clone, Copy)]
pub(in crate::store) struct Sort {
    /// The sort columns, with their table.
    pub(in crate::store) by: &'static [&'static str],
    /// The column that breaks ties.
    pub(in crate::store) tie: &'static str,
    /// The direction.
    pub(in crate::store) direction: Direction,
}

/// The rows of one table that belong to a parent `p (id, sub)`.
pub(in crate::store) struct Children {
    /// The table.
    pub(in crate::store) table: &'static str,
    /// Its primary key, a column or several.
    pub(in crate::store) key: &'static str,
    /// The condition that a row belongs to `p`.
    pub(in crate::store) of_parent: &'static str,
}

impl<ST> Statement<ST> {
    /// Appends ` AND (only rows of the page) ORDER BY … LIMIT limit + 1`; the additional row shows
    /// whether the list continues.
    pub(in crate::store) fn page(self, sort: Sort, request: &PageRequest) -> Self {
        let (behind, ahead) = match sort.direction {
            Direction::Ascending => (" > ", " < "),
            Direction::Descending => (" < ", " > "),
        };
        let mut statement = self;
        for (place, compare) in [(&request.after, behind), (&request.before, ahead)] {
            if let Some(place) = place {
                statement = statement.compared(sort, compare, place);
            }
        }
        let limit = i64::try_from(request.limit).unwrap_or(i64::MAX - 1) + 1;
        statement.sql(" ORDER BY ").order(sort, request).sql(" LIMIT ").number(limit)
    }

    /// Appends the condition that a row lies beyond the request's cursor on this side, or is the row of the cursor.
    /// Without a cursor, no row meets it.
    pub(in crate::store) fn beyond(self, sort: Sort, request: &PageRequest, side: Side) -> Self {
        let compare = match (sort.direction, side) {
            (Direction::Ascending, Side::Before) | (Direction::Descending, Side::Behind) => " <= ",
            (Direction::Ascending, Side::Behind) | (Direction::Descending, Side::Before) => " >= ",
        };
        match request.bound(side) {
            Some(place) => self.compared(sort, compare, place),
            None => self.sql(" AND 1 = 0"),
        }
    }

    /// Appends a comparison of a row with a position.
    fn compared(self, sort: Sort, compare: &'static str, place: &Position) -> Self {
        let mut statement = self.sql(" AND (");
        for column in sort.by {
            statement = statement.sql(column).sql(", ");
        }
        statement = statement.sql(sort.tie).sql(")").sql(compare).sql("(");
        for value in &place.values {
            statement = statement.sort_value(value).sql(", ");
        }
        statement.number(place.key).sql(")")
    }

    /// Appends the order of the list, reversed for a backward page.
    fn order(self, sort: Sort, request: &PageRequest) -> Self {
        let run = if request.backward { sort.direction.reversed() } else { sort.direction };
        let word = match run {
            Direction::Ascending => " ASC",
            Direction::Descending => " DESC",
        };
        let mut statement = self;
        for column in sort.by {
            statement = statement.sql(column).sql(word).sql(", ");
        }
        statement.sql(sort.tie).sql(word)
    }
}

/// A statement whose rows begin with the index of their parent.
pub(in crate::store) type PageOfEach<R> = Statement<(BigInt, ColumnTypes<R>)>;

/// A statement for a page of each parent. Its rows are the index of the parent in `parents` and the columns of `R`.
/// `filter` appends conditions, each with its ` AND `. `join` follows the table.
pub(in crate::store) fn page_of_each<R: Row>(
    parents: &[(i64, i64)],
    children: &Children,
    join: &'static str,
    filter: impl FnOnce(PageOfEach<R>) -> PageOfEach<R>,
    sort: Sort,
    request: &PageRequest,
    texts: LongTexts,
) -> PageOfEach<R> {
    let Children { table, key, of_parent } = children;
    let statement = Statement::new()
        .sql("SELECT p.ord, ")
        .columns_with::<R>(texts)
        .sql(" FROM ")
        .table("p", pairs(parents))
        .sql(" CROSS JOIN ")
        .either("LATERAL (SELECT ", "")
        .sql(table)
        .either(".* FROM ", " ON (")
        .either(table, key)
        .either("", ") IN (SELECT ")
        .either("", key)
        .either("", " FROM ")
        .either("", table)
        .sql(" WHERE ")
        .sql(of_parent);
    filter(statement)
        .page(sort, request)
        .either(") AS ", ")")
        .either(table, "")
        .sql(join)
        .sql(" ORDER BY p.ord, ")
        .order(sort, request)
}

/// A statement for the number of rows of each parent: the index of the parent in `parents` and the number.
pub(in crate::store) fn count_of_each(
    parents: &[(i64, i64)],
    children: &Children,
    filter: impl FnOnce(Statement<(BigInt, BigInt)>) -> Statement<(BigInt, BigInt)>,
) -> Statement<(BigInt, BigInt)> {
    aggregate_of_each(parents, "count(*)", children, filter)
}

/// The same for another aggregate of the rows.
pub(in crate::store) fn aggregate_of_each(
    parents: &[(i64, i64)],
    aggregate: &'static str,
    children: &Children,
    filter: impl FnOnce(Statement<(BigInt, BigInt)>) -> Statement<(BigInt, BigInt)>,
) -> Statement<(BigInt, BigInt)> {
    let statement = Statement::new()
        .sql("SELECT p.ord, (SELECT ")
        .sql(aggregate)
        .sql(" FROM ")
        .sql(children.table)
        .sql(" WHERE ")
        .sql(children.of_parent);
    filter(statement).sql(") FROM ").table("p", pairs(parents))
}

/// A statement for whether any row of each parent lies beyond a page: the index of the parent in `parents`, and a
/// Boolean.
pub(in crate::store) fn any_of_each(
    parents: &[(i64, i64)],
    children: &Children,
    filter: impl FnOnce(Statement<(BigInt, Bool)>) -> Statement<(BigInt, Bool)>,
    sort: Sort,
    request: &PageRequest,
    side: Side,
) -> Statement<(BigInt, Bool)> {
    let statement = Statement::new()
        .sql("SELECT p.ord, EXISTS (SELECT 1 FROM ")
        .sql(children.table)
        .sql(" WHERE ")
        .sql(children.of_parent);
    filter(statement).beyond(sort, request, side).sql(") FROM ").table("p", pairs(parents))
}

/// The columns of the table of parents.
fn pairs(parents: &[(i64, i64)]) -> [(&'static str, List); 2] {
    [("id", numbers(parents, |parent| parent.0)), ("sub", numbers(parents, |parent| parent.1))]
}

/// Groups rows, each with the index of its parent, into one page for each parent.
pub(in crate::store) fn into_pages<T>(
    rows: Vec<(i64, T)>,
    parents: usize,
    request: &PageRequest,
) -> Vec<Page<T>> {
    let mut lists: Vec<Vec<T>> = std::iter::repeat_with(Vec::new).take(parents).collect();
    for (place, row) in rows {
        if let Some(list) = usize::try_from(place).ok().and_then(|place| lists.get_mut(place)) {
            list.push(row);
        }
    }
    lists.into_iter().map(|rows| Page::from_rows(rows, request)).collect()
}

/// Sorts values, each with the index of its parent, into the order of the parents.
pub(in crate::store) fn in_order<T: Clone + Default>(
    rows: Vec<(i64, T)>,
    parents: usize,
) -> Vec<T> {
    let mut values = vec![T::default(); parents];
    for (place, value) in rows {
        if let Some(slot) = usize::try_from(place).ok().and_then(|place| values.get_mut(place)) {
            *slot = value;
        }
    }
    values
}
