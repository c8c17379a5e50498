//! What all expressions of our own have in common.

/// Makes an expression of Diesel from a type that wraps a column. Its text depends on its value, so it has no static ID.
macro_rules! expression {
    ($name:ident: $type:ty) => {
        impl<C: diesel::Expression> diesel::Expression for $name<C> {
            type SqlType = $type;
        }

        impl<C> diesel::expression::ValidGrouping<()> for $name<C> {
            type IsAggregate = diesel::expression::is_aggregate::No;
        }

        impl<C, QS> diesel::SelectableExpression<QS> for $name<C>
        where
            Self: diesel::AppearsOnTable<QS>,
            C: diesel::SelectableExpression<QS>,
        {
        }

        impl<C: diesel::AppearsOnTable<QS>, QS> diesel::AppearsOnTable<QS> for $name<C> {}

        impl<C> diesel::query_builder::QueryId for $name<C> {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
    };
}

pub(super) use expression;
