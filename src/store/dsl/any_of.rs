//! Expressions for Diesel's query language: membership in a list of values, and columns that may be left out.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::sqlite::Sqlite;

use super::bind::{Lists, numbers, texts};

/// Whether texts that may be long are read. They are most of a row, and few answers contain them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LongTexts {
    /// They are read.
    Load,
    /// They are not read: the row has `None`.
    Skip,
}

/// The condition that a column has one of these values. Its text does not depend on their number, except for one.
pub(in crate::store) fn any_of<C: Expression<SqlType = BigInt>>(
    column: C,
    values: impl IntoIterator<Item = i64>,
) -> AnyOf<C> {
    AnyOf { column, values: Lists::new(vec![numbers(values, |value| value)]) }
}

/// The same for texts.
pub(in crate::store) fn any_text_of<C: Expression<SqlType = Text>>(
    column: C,
    values: impl IntoIterator<Item = String>,
) -> AnyOf<C> {
    AnyOf { column, values: Lists::new(vec![texts(values, |value| value)]) }
}

/// See [`any_of`].
pub(in crate::store) struct AnyOf<C> {
    column: C,
    values: Lists,
}

/// A column with a text that may be long; NULL if long texts are skipped.
pub(in crate::store) struct LongText<C> {
    pub(in crate::store) column: C,
    pub(in crate::store) texts: LongTexts,
}

/// Makes an expression of Diesel from a type that wraps a column. Its text depends on its value, so it has no static ID.
macro_rules! expression {
    ($name:ident: $type:ty) => {
        impl<C: Expression> Expression for $name<C> {
            type SqlType = $type;
        }

        impl<C> ValidGrouping<()> for $name<C> {
            type IsAggregate = is_aggregate::No;
        }

        impl<C, QS> SelectableExpression<QS> for $name<C>
        where
            Self: AppearsOnTable<QS>,
            C: SelectableExpression<QS>,
        {
        }

        impl<C: AppearsOnTable<QS>, QS> AppearsOnTable<QS> for $name<C> {}

        impl<C> QueryId for $name<C> {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
    };
}

expression!(AnyOf: Bool);
expression!(LongText: Nullable<Text>);

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for AnyOf<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        // PostgreSQL estimates ten values for any array, and would read all boards of a user instead of one.
        if self.values.is_single() {
            out.push_sql(" = ");
            return self.values.push_single(out);
        }
        out.push_sql(" = ANY(");
        self.values.push_arrays(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

impl<C: QueryFragment<Sqlite>> QueryFragment<Sqlite> for AnyOf<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        if self.values.is_single() {
            out.push_sql(" = ");
            return self.values.push_single(out);
        }
        out.push_sql(" IN (SELECT value FROM json_each(");
        out.push_bind_param::<Text, _>(self.values.json())?;
        out.push_sql("))");
        Ok(())
    }
}

impl<C: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for LongText<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        match self.texts {
            LongTexts::Load => self.column.walk_ast(out),
            LongTexts::Skip => {
                out.push_sql("NULL");
                Ok(())
            }
        }
    }
}
