//! Keyset pages: a place in a list is the sort value and the key of a row, never a count of rows,
//! so it stays right while rows come and go.

use super::Timestamp;

/// Which way a list runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// What a list is sorted by, for one row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SortValue {
    /// A number, e.g. the place of a column.
    Number(i64),
    /// Text that compares byte by byte.
    Text(String),
    /// A time.
    Time(Timestamp),
}

impl SortValue {
    /// How much it takes, about.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + if let Self::Text(text) = self { text.len() } else { 0 }
    }
}

/// The place of a row in a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// What the list is sorted by, in the order in which it is compared.
    pub values: Vec<SortValue>,
    /// The row's key, which breaks ties.
    pub key: i64,
}

/// Which rows of a list are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// At most so many rows.
    pub limit: usize,
    /// The last rows instead of the first.
    pub backward: bool,
    /// Only rows behind this place.
    pub after: Option<Position>,
    /// Only rows before this place.
    pub before: Option<Position>,
}

/// Before or behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// What precedes a place in the list.
    Before,
    /// What follows it.
    Behind,
}

impl PageRequest {
    /// The bound of the page on this side.
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
    /// Whether rows follow; `None` if that depends on the rows from the request's bound on.
    pub has_next: Option<bool>,
    /// Whether rows precede, likewise.
    pub has_previous: Option<bool>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), has_next: Some(false), has_previous: Some(false) }
    }
}

impl<T> Page<T> {
    /// Makes a page of the rows that a statement with `LIMIT limit + 1` found for `request`,
    /// in the order of the statement (backwards where the request is).
    pub fn from_rows(mut items: Vec<T>, request: &PageRequest) -> Self {
        let more = items.len() > request.limit;
        items.truncate(request.limit);
        // Between the page and a bound lies nothing but what the statement would have found.
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

    /// The page with other rows, one for one.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }
}
