//! The condition that a column has one of several values, for Diesel's query language.

use diesel::backend::Backend;
use diesel::expression::{ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::{AppearsOnTable, Expression, QueryResult, SelectableExpression};

use super::bind::{List, numbers, texts};
use super::statement::Statement;

/// The condition that a column has one of these values. Its text does not depend on their number, except for one.
pub(in crate::store) fn any_of<C: Expression<SqlType = BigInt>>(
    column: C,
    values: impl IntoIterator<Item = i64>,
) -> AnyOf<C> {
    AnyOf::new(column, numbers(values, |value| value))
}

/// The same for texts.
pub(in crate::store) fn any_text_of<C: Expression<SqlType = Text>>(
    column: C,
    values: impl IntoIterator<Item = String>,
) -> AnyOf<C> {
    AnyOf::new(column, texts(values, |value| value))
}

/// See [`any_of`].
pub(in crate::store) struct AnyOf<C> {
    column: C,
    is_one: Statement<Bool>,
}

impl<C> AnyOf<C> {
    fn new(column: C, values: List) -> Self {
        Self { column, is_one: Statement::new().in_list(values) }
    }
}

impl<C: Expression> Expression for AnyOf<C> {
    type SqlType = Bool;
}

impl<C> ValidGrouping<()> for AnyOf<C> {
    type IsAggregate = is_aggregate::No;
}

impl<C: SelectableExpression<QS>, QS> SelectableExpression<QS> for AnyOf<C> {}

impl<C: AppearsOnTable<QS>, QS> AppearsOnTable<QS> for AnyOf<C> {}

/// The text of one value differs.
impl<C> QueryId for AnyOf<C> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for AnyOf<C>
where
    Statement<Bool>: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        self.is_one.walk_ast(out)
    }
}
