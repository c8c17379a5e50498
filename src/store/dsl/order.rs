//! The order of a list, defined once for its SQL, its cursors and pages that are put together in memory.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::domain::{Direction, Position, SortValue, Timestamp};

/// How a list can be ordered.
pub struct ListOrder<T: 'static> {
    /// The name of the list in its cursors.
    pub list: &'static str,
    /// The name of the order in its cursors. For an order that clients choose, the value of the API's enum.
    pub name: &'static str,
    /// What is compared first.
    pub(in crate::store) by: &'static [SortColumn<T>],
    /// The column that is unique within the list and breaks ties.
    pub(in crate::store) tie: &'static str,
    /// The value of that column.
    pub(in crate::store) key: fn(&T) -> i64,
}

/// A column that a list is ordered by, and its value in an entity.
pub(in crate::store) struct SortColumn<T> {
    sql: &'static str,
    value: Value<T>,
}

enum Value<T> {
    Number(fn(&T) -> i64),
    Text(fn(&T) -> Cow<'_, str>),
    Time(fn(&T) -> Timestamp),
}

/// The type of a value that a list is ordered by.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum ValueKind {
    Number,
    Text,
    Time,
}

impl<T> SortColumn<T> {
    pub(in crate::store) const fn number(sql: &'static str, value: fn(&T) -> i64) -> Self {
        Self { sql, value: Value::Number(value) }
    }

    /// Texts are compared byte by byte, as the databases do.
    pub(in crate::store) const fn text(sql: &'static str, value: fn(&T) -> Cow<'_, str>) -> Self {
        Self { sql, value: Value::Text(value) }
    }

    pub(in crate::store) const fn time(sql: &'static str, value: fn(&T) -> Timestamp) -> Self {
        Self { sql, value: Value::Time(value) }
    }

    fn of(&self, entity: &T) -> SortValue {
        match self.value {
            Value::Number(value) => SortValue::Number(value(entity)),
            Value::Text(value) => SortValue::Text(value(entity).into_owned()),
            Value::Time(value) => SortValue::Time(value(entity)),
        }
    }

    fn compare(&self, a: &T, b: &T) -> Ordering {
        match self.value {
            Value::Number(value) => value(a).cmp(&value(b)),
            Value::Text(value) => value(a).cmp(&value(b)),
            Value::Time(value) => value(a).cmp(&value(b)),
        }
    }
}

impl<T> ListOrder<T> {
    /// This order in a direction.
    pub(in crate::store) const fn sort(&'static self, direction: Direction) -> Sort<T> {
        Sort { order: self, direction }
    }
}

/// The order of a list and its direction.
pub struct Sort<T: 'static> {
    /// The order.
    pub order: &'static ListOrder<T>,
    /// The direction.
    pub direction: Direction,
}

impl<T> Clone for Sort<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Sort<T> {}

impl<T> Sort<T> {
    /// The position of an entity in the list.
    pub fn position(self, entity: &T) -> Position {
        let values = self.order.by.iter().map(|column| column.of(entity)).collect();
        Position { values, key: (self.order.key)(entity) }
    }

    /// The types of the values of a position.
    pub fn kinds(self) -> impl ExactSizeIterator<Item = ValueKind> {
        self.order.by.iter().map(|column| match column.value {
            Value::Number(_) => ValueKind::Number,
            Value::Text(_) => ValueKind::Text,
            Value::Time(_) => ValueKind::Time,
        })
    }

    /// Compares two entities of the list.
    pub fn compare(self, a: &T, b: &T) -> Ordering {
        let ties = || (self.order.key)(a).cmp(&(self.order.key)(b));
        let columns = self.order.by.iter().map(|column| column.compare(a, b));
        let ascending = columns.fold(Ordering::Equal, Ordering::then).then_with(ties);
        match self.direction {
            Direction::Ascending => ascending,
            Direction::Descending => ascending.reverse(),
        }
    }

    pub(in crate::store) fn reversed(self) -> Self {
        Self { direction: self.direction.reversed(), ..self }
    }

    /// The columns of the order, from first to last.
    pub(in crate::store) fn columns(self) -> impl Iterator<Item = &'static str> {
        self.order.by.iter().map(|column| column.sql).chain([self.order.tie])
    }
}
