//! The columns of row types.

use super::long_text::LongTexts;
use diesel::Selectable;
use diesel::pg::Pg;

/// The columns of a row type `R`, as Diesel selects them. (They are the same for both databases.)
pub(in crate::store) type Columns<R> = <R as Selectable<Pg>>::SelectExpression;

/// The SQL types of the columns of a row type `R`.
pub(in crate::store) type ColumnTypes<R> = diesel::dsl::SqlTypeOf<Columns<R>>;

/// The columns of `R`, for Diesel's `select` and `returning`.
pub(in crate::store) fn columns<R: Selectable<Pg>>() -> Columns<R> {
    R::construct_selection()
}

/// A row type whose columns are also known as SQL text, for statements that Diesel cannot express.
pub(in crate::store) trait Row:
    Selectable<Pg, SelectExpression: diesel::Expression>
{
    /// The columns for Diesel's `select`, with or without long texts.
    type Selection: diesel::Expression<SqlType = ColumnTypes<Self>>;

    /// The columns for Diesel's `select`.
    fn selection(texts: LongTexts) -> Self::Selection;

    /// Lists of columns, to be separated by commas.
    fn columns(texts: LongTexts) -> Vec<&'static str>;
}

/// The columns of `R` for Diesel's `select`, with NULL instead of long texts if they are skipped.
pub(in crate::store) fn selection<R: Row>(texts: LongTexts) -> R::Selection {
    R::selection(texts)
}

impl<A: Row, B: Row> Row for (A, B)
where
    (A, B): Selectable<Pg, SelectExpression: diesel::Expression>,
    (A::Selection, B::Selection): diesel::Expression<SqlType = ColumnTypes<(A, B)>>,
{
    type Selection = (A::Selection, B::Selection);

    fn selection(texts: LongTexts) -> Self::Selection {
        (A::selection(texts), B::selection(texts))
    }

    fn columns(texts: LongTexts) -> Vec<&'static str> {
        let mut columns = A::columns(texts);
        columns.extend(B::columns(texts));
        columns
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
            type Selection = (
                $table::$first,
                $($table::$field,)*
                $($crate::store::dsl::LongText<$table::$long>,)?
            );

            fn selection(texts: $crate::store::dsl::LongTexts) -> Self::Selection {
                let _ = texts;
                (
                    $table::$first,
                    $($table::$field,)*
                    $($crate::store::dsl::LongText { column: $table::$long, texts },)?
                )
            }

            fn columns(texts: $crate::store::dsl::LongTexts) -> Vec<&'static str> {
                let _ = texts;
                let columns = concat!(
                    stringify!($table), ".", stringify!($first)
                    $(, ", ", stringify!($table), ".\"", stringify!($field), "\"")*
                );
                vec![
                    columns,
                    $(match texts {
                        $crate::store::dsl::LongTexts::Load => {
                            concat!(stringify!($table), ".", stringify!($long))
                        }
                        $crate::store::dsl::LongTexts::Skip => "NULL",
                    })?
                ]
            }
        }
    };
}

pub(in crate::store) use row;
