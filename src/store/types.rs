//! Conversions of values to and from both databases.

use chrono::{DateTime, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Nullable, SqlType, Text, Timestamptz};
use diesel::sqlite::Sqlite;

use crate::domain::{BoardRole, CardColumn, LabelColor, Rank, Timestamp, UserId};

/// A point in time: `timestamptz` in PostgreSQL, microseconds since the Unix epoch in SQLite.
#[derive(SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
pub struct Instant;

/// The error of a row with a time that the program cannot have written.
const OUT_OF_RANGE: &str = "time out of range";

impl AsExpression<Instant> for Timestamp {
    type Expression = Bound<Instant, Self>;

    fn as_expression(self) -> Self::Expression {
        Bound::new(self)
    }
}

impl AsExpression<Nullable<Instant>> for Timestamp {
    type Expression = Bound<Nullable<Instant>, Option<Self>>;

    fn as_expression(self) -> Self::Expression {
        Bound::new(Some(self))
    }
}

impl ToSql<Instant, Pg> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let time = DateTime::<Utc>::from(*self);
        ToSql::<Timestamptz, Pg>::to_sql(&time, &mut out.reborrow())
    }
}

impl FromSql<Instant, Pg> for Timestamp {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let time = <DateTime<Utc> as FromSql<Timestamptz, Pg>>::from_sql(value)?;
        Self::from_micros(time.timestamp_micros()).ok_or_else(|| OUT_OF_RANGE.into())
    }
}

impl ToSql<Instant, Sqlite> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.micros());
        Ok(IsNull::No)
    }
}

impl FromSql<Instant, Sqlite> for Timestamp {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?;
        Self::from_micros(micros).ok_or_else(|| OUT_OF_RANGE.into())
    }
}

impl<DB: Backend> Queryable<Instant, DB> for Timestamp
where
    Self: FromSql<Instant, DB>,
{
    type Row = Self;

    fn build(row: Self) -> deserialize::Result<Self> {
        Ok(row)
    }
}

/// Converts a text column to types of the domain.
macro_rules! from_text {
    ($($type:ty: $parse:expr;)*) => {$(
        impl<DB> FromSql<Text, DB> for $type
        where
            DB: Backend,
            String: FromSql<Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let text = <String as FromSql<Text, DB>>::from_sql(value)?;
                $parse(&text).ok_or_else(|| "unknown value in a text column".into())
            }
        }

        impl<DB> Queryable<Text, DB> for $type
        where
            DB: Backend,
            Self: FromSql<Text, DB>,
        {
            type Row = Self;

            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
    )*};
}

from_text! {
    BoardRole: |text: &str| BoardRole::ALL.into_iter().find(|one| one.as_str() == text);
    Rank: |text: &str| Some(Rank::from_stored(text.to_owned()));
    UserId: UserId::parse;
    CardColumn: |text: &str| CardColumn::ALL.into_iter().find(|one| one.as_str() == text);
    LabelColor: |text: &str| LabelColor::ALL.into_iter().find(|one| one.as_str() == text);
}
