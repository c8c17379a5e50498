//! Searches in stored texts.

use super::statement::Statement;
use crate::domain::SearchText;

/// The beginning of the call that finds a text in a column.
#[derive(Clone, Copy)]
pub(in crate::store) struct SearchTexts {
    pub(in crate::store) postgres: &'static str,
    pub(in crate::store) sqlite: &'static str,
}

impl<ST> Statement<ST> {
    /// The condition that a column contains this text; not true without a text. To be put in parentheses.
    pub(in crate::store) fn containing(
        self,
        column: SearchTexts,
        text: Option<&SearchText>,
    ) -> Self {
        let call = |statement: Self, text: Option<&str>| {
            statement.either(column.postgres, column.sqlite).optional_text(text).sql(") > 0")
        };
        let statement = call(self, text.map(SearchText::as_str));
        // Texts of the previous version are searched with its folding until they are rewritten.
        call(statement.sql(" OR "), text.and_then(SearchText::former))
    }
}
