//! Changed fields in the history of a board.

use serde::{Deserialize, Serialize};

/// The maximum length of a text in the history, in characters.
const MAX_TEXT: usize = 200;

/// A field whose changes are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum ChangedField {
    Title,
    Description,
    Name,
    Color,
}

impl ChangedField {
    /// The name in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Description => "description",
            Self::Name => "name",
            Self::Color => "color",
        }
    }
}

/// The old and the new value of a field, each as text of at most 200 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field.
    pub field: ChangedField,
    /// The old value.
    pub from: Option<String>,
    /// The new value.
    pub to: Option<String>,
}

impl FieldChange {
    /// Records a change of a text. Both values are shortened with [`excerpt`].
    pub fn new(field: ChangedField, from: &str, to: &str) -> Self {
        Self { field, from: Some(excerpt(from)), to: Some(excerpt(to)) }
    }
}

/// Shortens a text for the history: a text of more than 200 characters is cut to 200, the last of
/// which is `…`.
pub fn excerpt(text: &str) -> String {
    if text.chars().nth(MAX_TEXT).is_none() {
        return text.to_owned();
    }
    text.chars().take(MAX_TEXT - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut() {
        let exact = "é".repeat(200);
        assert_eq!(excerpt(&exact), exact);
        let cut = excerpt(&"é".repeat(201));
        assert_eq!(cut.chars().count(), 200);
        assert!(cut.ends_with("é…"));
    }
}
