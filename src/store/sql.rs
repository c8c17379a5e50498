//! Statements that Diesel's query language cannot say, still written once for both databases.
//!
//! Unlike `diesel::sql_query`, a [`Statement`] is prepared once for each connection and decodes its
//! rows by position into the same row types that Diesel's own queries use. Lists travel as one
//! value, an array in PostgreSQL and JSON text in SQLite, so that the text (and with it the
//! prepared statement) does not depend on their length.

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock};

use diesel::connection::Connection;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, SqliteConnection};
use futures_util::TryStreamExt;

use super::lists::{List, Lists, numbers};
use super::memory_size::{self, MemorySize};
use super::types::Instant;
use super::{Conn, PgConn, Tx};
use crate::domain::{SortValue, Timestamp};

/// The columns of a row type `R`, as Diesel selects them.
pub(super) type Columns<R> = <R as diesel::Selectable<Pg>>::SelectExpression;

/// The SQL types of the columns of a row type `R`.
pub(super) type ColumnTypes<R> = diesel::dsl::SqlTypeOf<Columns<R>>;

/// Whether texts that may be long are read. They are most of what a row takes, and few answers show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LongTexts {
    /// They are.
    Load,
    /// They are left where they are, and the row has `None`.
    Skip,
}

/// The columns with such texts.
const LONG: [&str; 3] =
    [r#""boards"."description""#, r#""cards"."description""#, r#""comments"."body""#];

/// The columns of a row type `R` as both databases read them, written once: Diesel quotes each name anew
/// each time, which took a tenth of what a small query costs.
fn columns_of<R: Row>(texts: LongTexts) -> &'static str
where
    Columns<R>: QueryFragment<Pg>,
{
    static WRITTEN: RwLock<BTreeMap<(TypeId, LongTexts), &'static str>> =
        RwLock::new(BTreeMap::new());
    let row = (TypeId::of::<R>(), texts);
    if let Some(text) = WRITTEN.read().unwrap_or_else(PoisonError::into_inner).get(&row) {
        return text;
    }
    let text = diesel::debug_query::<Pg, _>(&R::construct_selection()).to_string();
    let mut text = text.split(" -- binds").next().unwrap_or_default().to_owned();
    if texts == LongTexts::Skip {
        text = LONG.iter().fold(text, |text, column| text.replace(column, "NULL"));
    }
    let text = text.leak();
    WRITTEN.write().unwrap_or_else(PoisonError::into_inner).insert(row, text);
    text
}

/// A type of rows.
pub(super) trait Row: diesel::Selectable<Pg> + 'static {}

impl<R: diesel::Selectable<Pg> + 'static> Row for R {}

/// A statement that begins with `SELECT` and the columns of `R`.
pub(super) fn select<R: Row>() -> Statement<ColumnTypes<R>>
where
    Columns<R>: diesel::Expression + QueryFragment<Pg>,
{
    select_with::<R>(LongTexts::Load)
}

/// The same, perhaps without long texts.
pub(super) fn select_with<R: Row>(texts: LongTexts) -> Statement<ColumnTypes<R>>
where
    Columns<R>: diesel::Expression + QueryFragment<Pg>,
{
    Statement::new().sql("SELECT ").columns_with::<R>(texts)
}

/// A statement whose rows have the SQL type `ST`.
#[must_use = "it does nothing until it is run"]
pub struct Statement<ST> {
    parts: Vec<Part>,
    row: PhantomData<fn() -> ST>,
}

/// A statement that only writes.
pub(super) type Write = Statement<BigInt>;

/// Runs statements that write to different rows: on PostgreSQL as one, which is one way there and back.
pub(super) async fn execute_all(tx: &mut Tx, mut writes: Vec<Write>) -> QueryResult<()> {
    let Some(last) = writes.pop() else { return Ok(()) };
    match &mut **tx {
        Conn::Postgres(c) => {
            let mut statement = Write::new();
            for (number, write) in writes.into_iter().enumerate() {
                let with = if number == 0 { "WITH" } else { "," };
                statement = statement.sql(format!("{with} w{number} AS (")).then(write).sql(") ");
            }
            let link = c.link();
            link.run(diesel_async::RunQueryDsl::execute(statement.then(last), c)).await?;
        }
        Conn::Sqlite(c) => {
            writes.push(last);
            c.call(move |c| {
                writes.iter().try_for_each(|write| c.execute_returning_count(write).map(drop))
            })
            .await?;
        }
    }
    Ok(())
}

/// What can be read as rows of the type `R` from both databases.
pub(super) trait Rows<R>:
    diesel::query_dsl::LoadQuery<'static, SqliteConnection, R>
    + diesel_async::methods::LoadQuery<'static, PgConn, R>
    + Send
    + 'static
{
}

impl<R, S> Rows<R> for S where
    S: diesel::query_dsl::LoadQuery<'static, SqliteConnection, R>
        + diesel_async::methods::LoadQuery<'static, PgConn, R>
        + Send
        + 'static
{
}

impl<ST> Statement<ST> {
    /// The rows that it finds.
    ///
    /// On SQLite all of it runs in one call on a thread that may block: the wrapper around the connection
    /// would copy each value to hand out the rows one by one (7.5 in place of 6.2 ms of processor time for a
    /// board of 1,000 cards without the cache, 49 in place of 34 µs for one board).
    /// They are counted as they come; see [`Budget`](super::Budget).
    pub(super) async fn rows<R>(self, conn: &mut Conn) -> QueryResult<Vec<R>>
    where
        R: MemorySize + Send + 'static,
        Self: Rows<R>,
    {
        match conn {
            Conn::Postgres(c) => {
                let link = c.link();
                let load = async {
                    let mut rows = memory_size::Rows::new(link.reads.budget.as_ref());
                    let found = diesel_async::RunQueryDsl::load_stream(self, c).await?;
                    let mut found = pin!(found);
                    while let Some(row) = found.try_next().await? {
                        rows.push(row)?;
                    }
                    Ok(rows.all())
                };
                link.run(load).await
            }
            Conn::Sqlite(c) => {
                let reads = Arc::clone(&c.reads);
                c.call(move |c| {
                    let mut rows = memory_size::Rows::new(reads.budget.as_ref());
                    let mut found = diesel::RunQueryDsl::load_iter(self, c)?;
                    found.try_for_each(|row| rows.push(row?))?;
                    Ok(rows.all())
                })
                .await
            }
        }
    }

    /// The first of the rows that it finds.
    pub(super) async fn row<R>(self, conn: &mut Conn) -> QueryResult<Option<R>>
    where
        R: MemorySize + Send + 'static,
        Self: Rows<R>,
    {
        Ok(self.rows(conn).await?.into_iter().next())
    }
}

enum Part {
    Sql(Cow<'static, str>),
    Either { postgres: Cow<'static, str>, sqlite: Cow<'static, str> },
    Number(Option<i64>),
    Text(String),
    Time(Timestamp),
    Lists(Lists),
}

impl<ST> Statement<ST> {
    /// An empty statement.
    pub(super) fn new() -> Self {
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
    pub(super) fn sql(self, text: impl Into<Cow<'static, str>>) -> Self {
        self.push(Part::Sql(text.into()))
    }

    /// What the databases call differently.
    pub(super) fn either(
        self,
        postgres: impl Into<Cow<'static, str>>,
        sqlite: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.push(Part::Either { postgres: postgres.into(), sqlite: sqlite.into() })
    }

    /// The columns of `R`, separated by commas.
    pub(super) fn columns<R: Row>(self) -> Self
    where
        Columns<R>: QueryFragment<Pg>,
    {
        self.columns_with::<R>(LongTexts::Load)
    }

    /// The same, perhaps with NULL in place of long texts.
    pub(super) fn columns_with<R: Row>(self, texts: LongTexts) -> Self
    where
        Columns<R>: QueryFragment<Pg>,
    {
        self.sql(columns_of::<R>(texts))
    }

    /// A number.
    pub(super) fn number(self, value: i64) -> Self {
        self.optional_number(Some(value))
    }

    /// A number, or NULL.
    pub(super) fn optional_number(self, value: Option<i64>) -> Self {
        self.push(Part::Number(value))
    }

    /// A text.
    pub(super) fn text(self, value: impl Into<String>) -> Self {
        self.push(Part::Text(value.into()))
    }

    /// A time.
    pub(super) fn time(self, value: Timestamp) -> Self {
        self.push(Part::Time(value))
    }

    /// What a list is sorted by.
    pub(super) fn sort_value(self, value: &SortValue) -> Self {
        match value {
            SortValue::Number(number) => self.number(*number),
            SortValue::Text(text) => self.text(text.as_str()),
            SortValue::Time(time) => self.time(*time),
        }
    }

    /// The condition that what stands before is one of these numbers.
    pub(super) fn in_numbers(self, values: Vec<i64>) -> Self {
        self.in_list(numbers(values, |value| value))
    }

    /// The condition that what stands before is one of these values.
    pub(super) fn in_list(self, list: List) -> Self {
        // PostgreSQL takes any array for ten values, and then would rather read all boards of a user.
        if list.len() == 1 {
            return self.sql(" = ").only(list);
        }
        self.either(" = ANY(", " IN (SELECT value FROM json_each(")
            .push(Part::Lists(Lists::new(vec![list])))
            .either(")", "))")
    }

    /// The value of a list of one.
    fn only(self, list: List) -> Self {
        match list {
            List::Numbers(numbers) => self.optional_number(numbers.into_iter().flatten().next()),
            List::Texts(texts) => self.text(texts.into_iter().next().unwrap_or_default()),
        }
    }

    /// A table of this name with these columns, and `ord`, which counts its rows from 0. On SQLite a
    /// column has no type, so what is compared with one must be a column that has.
    pub(super) fn table<const N: usize>(
        self,
        name: &'static str,
        columns: [(&'static str, List); N],
    ) -> Self {
        if columns.iter().all(|(_, list)| list.len() == 1) {
            return self.table_of_one(name, columns);
        }
        let (names, lists): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let all = names.join(", ");
        let value = |(index, column)| match N {
            1 => format!("value AS {column}"),
            _ => format!("value->>{index} AS {column}"),
        };
        let values: Vec<_> = names.iter().enumerate().map(value).collect();
        self.either(
            format!("(SELECT ord - 1 AS ord, {all} FROM unnest("),
            format!("(SELECT key AS ord, {} FROM json_each(", values.join(", ")),
        )
        .push(Part::Lists(Lists::new(lists)))
        .either(format!(") WITH ORDINALITY AS u ({all}, ord)) AS {name}"), format!(")) AS {name}"))
    }

    /// One row needs no list: its values are what most statements are about.
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

impl<ST> diesel::RunQueryDsl<SqliteConnection> for Statement<ST> {}

/// No static id: the text depends on the parts, and Diesel's cache then goes by the text.
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
                Part::Text(value) => out.push_bind_param::<Text, _>(value)?,
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
                Part::Text(value) => out.push_bind_param::<Text, _>(value)?,
                Part::Time(value) => out.push_bind_param::<Instant, _>(value)?,
                Part::Lists(lists) => out.push_bind_param::<Text, _>(lists.json())?,
            }
        }
        Ok(())
    }
}
