//! The columns of row types.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::expression::{ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::{AppearsOnTable, Expression, QueryResult, Selectable, SelectableExpression};

use super::long_text::LongTexts;

/// The columns of a row type `R`, as Diesel selects them. (They are the same for both databases.)
pub(in crate::store) type Columns<R> = <R as Selectable<Pg>>::SelectExpression;

/// The SQL types of the columns of a row type `R`.
pub(in crate::store) type ColumnTypes<R> = diesel::dsl::SqlTypeOf<Columns<R>>;

/// All columns of `R`, for Diesel's `select` and `returning`.
pub(in crate::store) fn columns<R: Selectable<Pg>>() -> Columns<R> {
    R::construct_selection()
}

/// A row type whose columns are also known as SQL text.
pub(in crate::store) trait Row:
    Selectable<Pg, SelectExpression: diesel::Expression> + 'static
{
    /// Adds lists of columns, to be separated by commas.
    fn columns(texts: LongTexts, add: &mut dyn FnMut(&'static str));

    /// Adds all columns, with the commas between them.
    fn column_list(texts: LongTexts, mut add: impl FnMut(&'static str)) {
        let mut separator = "";
        Self::columns(texts, &mut |columns| {
            add(separator);
            add(columns);
            separator = ", ";
        });
    }
}

impl<A: Row, B: Row> Row for (A, B)
where
    (A, B): Selectable<Pg, SelectExpression: diesel::Expression>,
{
    fn columns(texts: LongTexts, add: &mut dyn FnMut(&'static str)) {
        A::columns(texts, add);
        B::columns(texts, add);
    }
}

/// The columns of `R` for Diesel's `select`, with NULL instead of long texts if they are skipped.
pub(in crate::store) fn selection<R: Row>(texts: LongTexts) -> Selection<R> {
    Selection { texts, row: PhantomData }
}

/// See [`selection`]. Its text is constant, but Diesel quotes each name of [`columns`] anew each time (ADR 9).
pub(in crate::store) struct Selection<R> {
    texts: LongTexts,
    row: PhantomData<fn() -> R>,
}

impl<R: Row> Expression for Selection<R> {
    type SqlType = ColumnTypes<R>;
}

impl<R> ValidGrouping<()> for Selection<R> {
    type IsAggregate = is_aggregate::No;
}

impl<R: Row, QS> SelectableExpression<QS> for Selection<R> where Columns<R>: SelectableExpression<QS>
{}

impl<R: Row, QS> AppearsOnTable<QS> for Selection<R> where Columns<R>: AppearsOnTable<QS> {}

/// The text depends on the long texts.
impl<R> QueryId for Selection<R> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<R: Row, DB: Backend> QueryFragment<DB> for Selection<R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        R::column_list(self.texts, |text| out.push_sql(text));
        Ok(())
    }
}

/// Declares a row type with the columns of a table. A `long` text comes last and is read only if it is needed.
macro_rules! row {
    (
        $(#[$about:meta])*
        $name:ident of $table:ident {
            $first:ident: $first_type:ty
            $(, $field:ident: $type:ty)*
            $(; long $long:ident)?
        }
    ) => {
        $(#[$about])*
        #[derive(diesel::Queryable, diesel::Selectable)]
        #[diesel(table_name = $table)]
        pub(in crate::store) struct $name {
            pub(in crate::store) $first: $first_type,
            $(pub(in crate::store) $field: $type,)*
            $(
                #[diesel(select_expression = $table::$long.nullable())]
                #[diesel(select_expression_type = diesel::dsl::Nullable<$table::$long>)]
                pub(in crate::store) $long: Option<String>,
            )?
        }

        impl $crate::store::dsl::Row for $name {
            fn columns(
                texts: $crate::store::dsl::LongTexts,
                add: &mut dyn FnMut(&'static str),
            ) {
                let _ = texts;
                add(concat!(
                    stringify!($table), ".", stringify!($first)
                    $(, ", ", stringify!($table), ".\"", stringify!($field), "\"")*
                ));
                $(add(match texts {
                    $crate::store::dsl::LongTexts::Load => {
                        concat!(stringify!($table), ".", stringify!($long))
                    }
                    $crate::store::dsl::LongTexts::Skip => "NULL",
                });)?
            }
        }
    };
}

pub(in crate::store) use row;
