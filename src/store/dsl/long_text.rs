//! A column with a text that may be left out.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::{Nullable, Text};

use super::expression::expression;

/// Whether texts that may be long are read. They are most of a row, and few answers contain them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LongTexts {
    /// They are read.
    Load,
    /// They are not read: the row has `None`.
    Skip,
}

/// A column with a text that may be long; NULL if long texts are skipped.
pub(in crate::store) struct LongText<C> {
    pub(in crate::store) column: C,
    pub(in crate::store) texts: LongTexts,
}

expression!(LongText: Nullable<Text>);

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
