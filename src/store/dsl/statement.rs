//! Statements that Diesel's query language cannot express, written once for both databases.
//!
//! Unlike `diesel::sql_query`, a [`Statement`] is prepared once for each connection, and its rows are decoded by
//! position into the same row types that Diesel's own queries use. Lists travel as one value, an array in
//! PostgreSQL and a JSON text in SQLite, so that the SQL text does not depend on their length.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::sqlite::Sqlite;

use super::bind::{List, Lists, numbers};
use super::long_text::LongTexts;
use super::row::{ColumnTypes, Row};
use crate::domain::{SortValue, Timestamp};
use crate::store::db::{Conn, Tx};
use crate::store::types::Instant;

/// A statement whose rows have the SQL type `ST`.
#[must_use = "it does nothing until it is run"]
pub(in crate::store) struct Statement<ST> {
    parts: Vec<Part>,
    row: PhantomData<fn() -> ST>,
}

/// A statement that only writes.
pub(in crate::store) type Write = Statement<BigInt>;

/// The beginnings of the common table expressions of [`execute_all`].
const PARTS: [&str; 8] = [
    "WITH w0 AS (",
    ", w1 AS (",
    ", w2 AS (",
    ", w3 AS (",
    ", w4 AS (",
    ", w5 AS (",
    ", w6 AS (",
    ", w7 AS (",
];

/// Runs statements that write to different rows. PostgreSQL receives them as one statement, together with COMMIT or
/// before the next one, which saves round trips.
pub(in crate::store) async fn execute_all(tx: &mut Tx, writes: Vec<Write>) -> QueryResult<()> {
    if matches!(**tx, Conn::Sqlite(_)) || writes.len() > PARTS.len() {
        for write in writes {
            tx.execute(write).await?;
        }
        return Ok(());
    }
    let mut writes = writes;
    let Some(last) = writes.pop() else { return Ok(()) };
    let mut statement = Write::new();
    for (name, write) in PARTS.into_iter().zip(writes) {
        statement = statement.sql(name).then(write).sql(") ");
    }
    tx.execute_later(statement.then(last)).await
}

/// A statement that begins with `SELECT` and the columns of `R`.
pub(in crate::store) fn select<R: Row>() -> Statement<ColumnTypes<R>> {
    select_with::<R>(LongTexts::Load)
}

/// The same, with NULL instead of long texts if they are skipped.
pub(in crate::store) fn select_with<R: Row>(texts: LongTexts) -> Statement<ColumnTypes<R>> {
    Statement::new().sql("SELECT ").columns_with::<R>(texts)
}

enum Part {
    Sql(&'static str),
    Either { postgres: &'static str, sqlite: &'static str },
    Number(Option<i64>),
    Text(Option<String>),
    Time(Timestamp),
    Lists(Lists),
}

/// The value at a place of a row in JSON.
const JSON_VALUES: [&str; 12] = [
    ", value->>0 AS ",
    ", value->>1 AS ",
    ", value->>2 AS ",
    ", value->>3 AS ",
    ", value->>4 AS ",
    ", value->>5 AS ",
    ", value->>6 AS ",
    ", value->>7 AS ",
    ", value->>8 AS ",
    ", value->>9 AS ",
    ", value->>10 AS ",
    ", value->>11 AS ",
];

impl<ST> Statement<ST> {
    /// An empty statement.
    pub(in crate::store) fn new() -> Self {
        Self { parts: Vec::new(), row: PhantomData }
    }

    fn push(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// All of another statement.
    fn then(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// SQL that both databases understand.
    pub(in crate::store) fn sql(self, text: &'static str) -> Self {
        self.push(Part::Sql(text))
    }

    /// SQL that differs between the databases.
    pub(in crate::store) fn either(self, postgres: &'static str, sqlite: &'static str) -> Self {
        self.push(Part::Either { postgres, sqlite })
    }

    /// The columns of `R`, separated by commas.
    pub(in crate::store) fn columns<R: Row>(self) -> Self {
        self.columns_with::<R>(LongTexts::Load)
    }

    /// The same, with NULL instead of long texts if they are skipped.
    pub(in crate::store) fn columns_with<R: Row>(self, texts: LongTexts) -> Self {
        let mut statement = self;
        R::column_list(texts, |text| statement.parts.push(Part::Sql(text)));
        statement
    }

    /// A number.
    pub(in crate::store) fn number(self, value: i64) -> Self {
        self.optional_number(Some(value))
    }

    /// A number, or NULL.
    pub(in crate::store) fn optional_number(self, value: Option<i64>) -> Self {
        self.push(Part::Number(value))
    }

    /// A text.
    pub(in crate::store) fn text(self, value: impl Into<String>) -> Self {
        self.push(Part::Text(Some(value.into())))
    }

    /// A text, or NULL.
    pub(in crate::store) fn optional_text(self, value: Option<&str>) -> Self {
        self.push(Part::Text(value.map(str::to_owned)))
    }

    /// 1 for true, 0 for false. SQLite has no Boolean values.
    pub(in crate::store) fn flag(self, value: bool) -> Self {
        self.number(value.into())
    }

    /// A time.
    pub(in crate::store) fn time(self, value: Timestamp) -> Self {
        self.push(Part::Time(value))
    }

    /// A sort value of a list.
    pub(in crate::store) fn sort_value(self, value: &SortValue) -> Self {
        match value {
            SortValue::Number(number) => self.number(*number),
            SortValue::Text(text) => self.text(text.as_str()),
            SortValue::Time(time) => self.time(*time),
        }
    }

    /// The condition that the preceding expression is one of these numbers.
    pub(in crate::store) fn in_numbers(self, values: Vec<i64>) -> Self {
        self.in_list(numbers(values, |value| value))
    }

    /// The condition that the preceding expression is one of these values.
    pub(in crate::store) fn in_list(self, list: List) -> Self {
        // PostgreSQL estimates ten values for any array, and would read all boards of a user instead of one.
        if list.len() == 1 {
            return self.sql(" = ").only(list);
        }
        self.in_any(list)
    }

    /// The same with one SQL text for any number of values.
    pub(in crate::store) fn in_any(self, list: List) -> Self {
        self.either(" = ANY(", " IN (SELECT value FROM json_each(")
            .push(Part::Lists(Lists::new(vec![list])))
            .either(")", "))")
    }

    /// The value of a list of one, with its type.
    fn only(self, list: List) -> Self {
        match list {
            List::Numbers(numbers) => {
                self.optional_number(numbers.into_iter().flatten().next()).either("::bigint", "")
            }
            List::Texts(texts) => {
                self.text(texts.into_iter().next().unwrap_or_default()).either("::text", "")
            }
        }
    }

    /// A table of this name with these columns, and `ord`, the index of the row from 0. On SQLite its columns have no
    /// type affinity, so compare them only with columns that have one.
    pub(in crate::store) fn table<const N: usize>(
        self,
        name: &'static str,
        columns: [(&'static str, List); N],
    ) -> Self {
        const { assert!(N <= JSON_VALUES.len()) };
        if columns.iter().all(|(_, list)| list.len() == 1) {
            return self.table_of_one(name, columns);
        }
        let (names, lists): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let mut statement = self.either("(SELECT ord - 1 AS ord", "(SELECT key AS ord");
        for (name, value) in names.iter().zip(JSON_VALUES) {
            let value = if N == 1 { ", value AS " } else { value };
            statement = statement.either(", ", value).sql(name);
        }
        statement = statement
            .either(" FROM unnest(", " FROM json_each(")
            .push(Part::Lists(Lists::new(lists)))
            .either(") WITH ORDINALITY AS u (", ")");
        for name in names {
            statement = statement.either(name, "").either(", ", "");
        }
        statement.either("ord)", "").sql(") AS ").sql(name)
    }

    /// The table of a single row, whose values are bound without a list.
    fn table_of_one<const N: usize>(
        self,
        name: &'static str,
        columns: [(&'static str, List); N],
    ) -> Self {
        let mut statement = self.either("(SELECT 0::bigint AS ord", "(SELECT 0 AS ord");
        for (column, list) in columns {
            statement = statement.sql(", ").only(list).sql(" AS ").sql(column);
        }
        statement.sql(") AS ").sql(name)
    }
}

impl<ST> Query for Statement<ST> {
    type SqlType = ST;
}

impl<ST> diesel::RunQueryDsl<diesel::SqliteConnection> for Statement<ST> {}

/// No static ID: the SQL text depends on the parts, so Diesel caches prepared statements by their text.
impl<ST> QueryId for Statement<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> QueryFragment<Pg> for Statement<ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for part in &self.parts {
            match part {
                Part::Sql(text) => out.push_sql(text),
                Part::Either { postgres, .. } => out.push_sql(postgres),
                Part::Number(value) => out.push_bind_param::<Nullable<BigInt>, _>(value)?,
                Part::Text(value) => out.push_bind_param::<Nullable<Text>, _>(value)?,
                Part::Time(value) => out.push_bind_param::<Instant, _>(value)?,
                Part::Lists(lists) => lists.push_arrays(out.reborrow())?,
            }
        }
        Ok(())
    }
}

impl<ST> QueryFragment<Sqlite> for Statement<ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        for part in &self.parts {
            match part {
                Part::Sql(text) => out.push_sql(text),
                Part::Either { sqlite, .. } => out.push_sql(sqlite),
                Part::Number(value) => out.push_bind_param::<Nullable<BigInt>, _>(value)?,
                Part::Text(value) => out.push_bind_param::<Nullable<Text>, _>(value)?,
                Part::Time(value) => out.push_bind_param::<Instant, _>(value)?,
                Part::Lists(lists) => out.push_bind_param::<Text, _>(lists.json())?,
            }
        }
        Ok(())
    }
}
