//! Keyset pagination: a page of one list, or a page for each of several parents in one statement.
//!
//! A page of each parent reads only its own rows: PostgreSQL through `LATERAL`, SQLite through a
//! correlated `IN (… LIMIT …)`. (A window function would read every row of every parent.)

use diesel::sql_types::{BigInt, Bool};

use super::bind::{List, numbers};
use super::long_text::LongTexts;
use super::order::Sort;
use super::row::{ColumnTypes, Row};
use super::statement::Statement;
use crate::domain::{Direction, Page, PageRequest, Position, Side};

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
    pub(in crate::store) fn page<T>(self, sort: Sort<T>, request: &PageRequest) -> Self {
        let PageRequest { after, before, .. } = request;
        // The lower bound comes first, so that a reversed page has the same text.
        let (above, below) = match sort.direction {
            Direction::Ascending => (after, before),
            Direction::Descending => (before, after),
        };
        let mut statement = self;
        for (position, compare) in [(above, " > "), (below, " < ")] {
            if let Some(position) = position {
                statement = statement.compared(sort, compare, position);
            }
        }
        let run = if request.backward { sort.reversed() } else { sort };
        let limit = i64::try_from(request.limit).unwrap_or(i64::MAX - 1) + 1;
        statement.sql(" ORDER BY ").order(run).sql(" LIMIT ").number(limit)
    }

    /// Appends the condition that a row lies beyond the request's cursor on this side, or is the row of the cursor.
    /// Without a cursor, no row meets it.
    pub(in crate::store) fn beyond<T>(
        self,
        sort: Sort<T>,
        request: &PageRequest,
        side: Side,
    ) -> Self {
        let compare = match (sort.direction, side) {
            (Direction::Ascending, Side::Before) | (Direction::Descending, Side::Behind) => " <= ",
            (Direction::Ascending, Side::Behind) | (Direction::Descending, Side::Before) => " >= ",
        };
        match request.bound(side) {
            Some(position) => self.compared(sort, compare, position),
            None => self.sql(" AND 1 = 0"),
        }
    }

    /// Appends a comparison of a row with a position.
    fn compared<T>(self, sort: Sort<T>, compare: &'static str, position: &Position) -> Self {
        let mut statement = self.sql(" AND (");
        for (index, column) in sort.columns().enumerate() {
            statement = statement.sql(if index == 0 { "" } else { ", " }).sql(column);
        }
        statement = statement.sql(")").sql(compare).sql("(");
        for value in &position.values {
            statement = statement.sort_value(value).sql(", ");
        }
        statement.number(position.key).sql(")")
    }

    /// Appends the order of the list.
    fn order<T>(self, sort: Sort<T>) -> Self {
        let word = match sort.direction {
            Direction::Ascending => " ASC",
            Direction::Descending => " DESC",
        };
        let mut statement = self;
        for (index, column) in sort.columns().enumerate() {
            statement = statement.sql(if index == 0 { "" } else { ", " }).sql(column).sql(word);
        }
        statement
    }
}

/// A statement whose rows begin with the index of their parent.
pub(in crate::store) type PageOfEach<R> = Statement<(BigInt, ColumnTypes<R>)>;

/// A statement for a page of each parent. Its rows are the index of the parent in `parents` and the columns of `R`.
/// `filter` appends conditions, each with its ` AND `. `join` follows the table. The rows have no order: [`into_pages`]
/// sorts them, which is faster than a second sort of wide rows in the database.
pub(in crate::store) fn page_of_each<R: Row, T>(
    parents: &[(i64, i64)],
    children: &Children,
    join: &'static str,
    filter: impl FnOnce(PageOfEach<R>) -> PageOfEach<R>,
    sort: Sort<T>,
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
    filter(statement).page(sort, request).either(") AS ", ")").either(table, "").sql(join)
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
pub(in crate::store) fn any_of_each<T>(
    parents: &[(i64, i64)],
    children: &Children,
    filter: impl FnOnce(Statement<(BigInt, Bool)>) -> Statement<(BigInt, Bool)>,
    sort: Sort<T>,
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
    rows: impl IntoIterator<Item = (i64, T)>,
    parents: usize,
    sort: Sort<T>,
    request: &PageRequest,
) -> Vec<Page<T>> {
    let mut lists: Vec<Vec<T>> = std::iter::repeat_with(Vec::new).take(parents).collect();
    for (place, row) in rows {
        if let Some(list) = usize::try_from(place).ok().and_then(|place| lists.get_mut(place)) {
            list.push(row);
        }
    }
    let run = if request.backward { sort.reversed() } else { sort };
    let page = |mut rows: Vec<T>| {
        rows.sort_by(|a, b| run.compare(a, b));
        Page::from_rows(rows, request)
    };
    lists.into_iter().map(page).collect()
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
