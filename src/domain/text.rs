//! Validated text types. All length limits count characters (Unicode scalar values).

use super::Result;
use super::rejection;
use super::unicode::{fold_search, is_invisible, lower_case};

/// Validates one line of text: trims it, then requires `min` to `max` characters, of which one is
/// visible if `min` is not 0, and no control characters, line separators or bidirectional overrides.
pub(super) fn line(text: &str, min: usize, max: usize) -> Result<String> {
    let text = text.trim();
    check_length(text, min, max)?;
    check_visible(text, min)?;
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(rejection::not_one_line());
    }
    if text.contains(['\u{202d}', '\u{202e}']) {
        return Err(rejection::bidirectional_override());
    }
    Ok(text.to_owned())
}

/// Validates multi-line text: removes trailing white space only, and allows tabs and line breaks.
fn lines(text: &str, min: usize, max: usize) -> Result<String> {
    let text = text.trim_end();
    check_length(text, min, max)?;
    check_visible(text, min)?;
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(rejection::control_characters());
    }
    Ok(text.to_owned())
}

/// Refuses required text that looks empty.
fn check_visible(text: &str, min: usize) -> Result<()> {
    // U+2800 is a Braille cell without dots.
    let is_blank = |c: char| c.is_whitespace() || is_invisible(c) || c == '\u{2800}';
    if min > 0 && text.chars().all(is_blank) {
        return Err(rejection::no_visible_character());
    }
    Ok(())
}

pub(super) fn check_length(text: &str, min: usize, max: usize) -> Result<()> {
    match text.chars().count() {
        count if count > max => Err(rejection::too_long(max, count)),
        count if count < min && min == 1 => Err(rejection::must_not_be_empty()),
        count if count < min => Err(rejection::too_short(min)),
        _ => Ok(()),
    }
}

/// The title of a board or a card: one line of 1 to 500 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title(String);

impl Title {
    /// Trims and validates the text. BAD_USER_INPUT if it breaks a rule.
    pub fn parse(text: &str) -> Result<Self> {
        line(text, 1, 500).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The description of a board or a card: Markdown of at most 20,000 characters. Only trailing white
/// space is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// Removes trailing white space and validates the text. BAD_USER_INPUT if it breaks a rule.
    pub fn parse(text: &str) -> Result<Self> {
        lines(text, 0, 20_000).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text of a comment: Markdown of 1 to 20,000 characters. Only trailing white space is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentBody(String);

impl CommentBody {
    /// Removes trailing white space and validates the text. BAD_USER_INPUT if it breaks a rule.
    pub fn parse(text: &str) -> Result<Self> {
        lines(text, 1, 20_000).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a label: one line of at most 100 characters. It may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelName(String);

impl LabelName {
    /// Trims and validates the text. BAD_USER_INPUT if it breaks a rule.
    pub fn parse(text: &str) -> Result<Self> {
        line(text, 0, 100).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a user: one line of 1 to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    const MAX: usize = 100;

    /// Trims and validates the text. BAD_USER_INPUT if it breaks a rule.
    pub fn parse(text: &str) -> Result<Self> {
        line(text, 1, Self::MAX).map(Self)
    }

    /// The name of a user who has chosen none: the part of their e-mail address before the last @.
    pub fn of(email: &str) -> Self {
        let local = email.rsplit_once('@').map_or(email, |(local, _)| local);
        Self(local.chars().take(Self::MAX).collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// The text of a board or a card that searches read. U+001F stands before each part, as nobody can search for it; texts
/// that an earlier version has written begin without it, which is how they are found to be folded anew.
pub fn search_text(title: &str, description: &str) -> String {
    format!("\u{1f}{}\u{1f}{}", fold_search(title), fold_search(description))
}

/// The text of a search in titles and descriptions, folded: at most 500 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SearchText {
    folded: String,
    former: Option<String>,
}

impl SearchText {
    /// Validates and folds the text. Returns `None` if nothing is left, which does not filter.
    /// Does not trim: spaces are part of the search text. BAD_USER_INPUT if it breaks a rule.
    pub fn parse(text: &str) -> Result<Option<Self>> {
        check_length(text, 0, 500)?;
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(rejection::control_characters());
        }
        let folded = fold_search(text);
        let former = Some(lower_case(text)).filter(|former| *former != folded);
        Ok((!folded.is_empty()).then_some(Self { folded, former }))
    }

    /// The text, folded like [`search_text`].
    pub fn as_str(&self) -> &str {
        &self.folded
    }

    /// The text as earlier versions folded it, if that is different. No text that is folded as today
    /// contains it.
    pub fn former(&self) -> Option<&str> {
        self.former.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_count_characters_after_trimming() {
        assert_eq!(
            Title::parse(&format!("  {}\n", "é".repeat(500))).unwrap().as_str().chars().count(),
            500
        );
        assert!(Title::parse(&"x".repeat(501)).is_err());
        assert!(Title::parse(" \t ").is_err());
        assert!(LabelName::parse("").is_ok());
        assert!(LabelName::parse(&"x".repeat(101)).is_err());
        assert!(Description::parse(&"x".repeat(20_000)).is_ok());
        assert!(Description::parse(&"x".repeat(20_001)).is_err());
    }

    #[test]
    fn control_characters_are_refused_where_they_make_no_sense() {
        assert!(Title::parse("a\0b").is_err());
        assert!(Title::parse("a\nb").is_err());
        assert!(Description::parse("a\0b").is_err());
        assert!(Description::parse("a\r\n\tb").is_ok());
        assert!(SearchText::parse("a\u{1f}b").is_err());
    }

    #[test]
    fn titles_are_one_visible_line() {
        for bad in [
            "a\u{2028}b",
            "a\u{2029}b",
            "a\u{85}b",
            "a\u{202e}b",
            "a\u{202d}b",
            "\u{200b}",
            "\u{200b} \u{feff}",
            "\u{200f}\u{2066}\u{2069}",
            "\u{3164}",
            "\u{ad}",
            "\u{2800}",
        ] {
            assert!(Title::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["a\u{2028}", "👩\u{200d}👧", "م\u{200c}ن", "\u{2067}שלום\u{2069}", "\u{301}"]
        {
            assert!(Title::parse(good).is_ok(), "{good:?}");
        }
        assert!(CommentBody::parse("\u{200b}").is_err());
        assert!(Description::parse("\u{200b}").is_ok());
        assert!(LabelName::parse("\u{200b}").is_ok());
        assert!(LabelName::parse("a\u{2028}b").is_err());
    }

    #[test]
    fn searches_know_the_former_folding_where_it_differs() {
        let parse = |text| SearchText::parse(text).unwrap().unwrap();
        assert_eq!((parse("Été").as_str(), parse("Été").former()), ("été", None));
        assert_eq!(
            (parse("STRAßE").as_str(), parse("STRAßE").former()),
            ("strasse", Some("straße"))
        );
        assert_eq!(SearchText::parse("").unwrap(), None);
        assert_eq!(SearchText::parse("\u{200b}").unwrap(), None);
    }
}
