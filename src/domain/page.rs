//! Keyset pagination.
//!
//! A position is the sort values and the key of a row, not an offset, so it stays valid while rows
//! are inserted and deleted.

use super::Timestamp;

/// The sort direction of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    /// The opposite direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// One sort value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SortValue {
    /// A number, e.g. the position of a column.
    Number(i64),
    /// Text, compared byte by byte.
    Text(String),
    /// A timestamp.
    Time(Timestamp),
}

impl SortValue {
    /// The approximate size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + if let Self::Text(text) = self { text.len() } else { 0 }
    }
}

/// The position of a row in a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// The sort values, in the order of comparison.
    pub values: Vec<SortValue>,
    /// The row's key, which is the tie-breaker.
    pub key: i64,
}

/// The page of a list that is requested.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// The maximum number of rows.
    pub limit: usize,
    /// Whether to return the last rows instead of the first.
    pub backward: bool,
    /// Return only rows after this position.
    pub after: Option<Position>,
    /// Return only rows before this position.
    pub before: Option<Position>,
}

/// A side of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The rows before the page.
    Before,
    /// The rows after the page.
    Behind,
}

impl PageRequest {
    /// The position that limits the page on this side.
    pub fn bound(&self, side: Side) -> Option<&Position> {
        match side {
            Side::Before => self.after.as_ref(),
            Side::Behind => self.before.as_ref(),
        }
    }
}

/// The rows of a page, in the list's order.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Whether rows follow the page. `None` if the request has a bound on that side: whether the
    /// row at the bound still exists needs another query.
    pub has_next: Option<bool>,
    /// Whether rows precede the page; `None` in the same case.
    pub has_previous: Option<bool>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), has_next: Some(false), has_previous: Some(false) }
    }
}

impl<T> Page<T> {
    /// Builds the page for `request` from the rows of a statement with `LIMIT limit + 1`. The rows
    /// are in the order of the statement, which is reversed for a backward request.
    pub fn from_rows(mut items: Vec<T>, request: &PageRequest) -> Self {
        let more = items.len() > request.limit;
        items.truncate(request.limit);
        // The statement returns every row up to the bound, so only rows at or beyond it are unknown.
        let beyond = |side, more| match request.bound(side) {
            _ if more => Some(true),
            Some(_) => None,
            None => Some(false),
        };
        let has_next = beyond(Side::Behind, more && !request.backward);
        let has_previous = beyond(Side::Before, more && request.backward);
        if request.backward {
            items.reverse();
        }
        Self { items, has_next, has_previous }
    }

    /// Converts each row with `f`.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }
}
