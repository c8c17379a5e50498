//! Validated text types. All length limits count characters (Unicode scalar values).

use super::{Error, Result};

/// Converts text to lower case for case-insensitive comparison. Both databases use the result.
///
/// Folds each character independently, so that a substring folds the same as within the whole text:
/// a final sigma equals any other sigma. `ß` is not changed.
pub fn fold_case(text: &str) -> String {
    let letters = text.chars().flat_map(char::to_lowercase);
    let mut folded = String::with_capacity(text.len());
    folded.extend(letters.map(|letter| if letter == 'ς' { 'σ' } else { letter }));
    folded
}

/// Validates one line of text: trims it, then requires `min` to `max` characters and no control
/// characters.
fn line(text: &str, min: usize, max: usize) -> Result<String> {
    let text = text.trim();
    check_length(text, min, max)?;
    if text.chars().any(char::is_control) {
        return Err(Error::bad_input("Must be a single line without control characters."));
    }
    Ok(text.to_owned())
}

/// Validates multi-line text: removes trailing white space only, and allows tabs and line breaks.
fn lines(text: &str, min: usize, max: usize) -> Result<String> {
    let text = text.trim_end();
    check_length(text, min, max)?;
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Error::bad_input("Must not contain control characters."));
    }
    Ok(text.to_owned())
}

fn check_length(text: &str, min: usize, max: usize) -> Result<()> {
    match text.chars().count() {
        count if count > max => {
            Err(Error::bad_input(format!("Must have at most {max} characters, but has {count}.")))
        }
        count if count < min && min == 1 => Err(Error::bad_input("Must not be empty.")),
        count if count < min => {
            Err(Error::bad_input(format!("Must have at least {min} characters.")))
        }
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

/// The text of a search in titles and descriptions, in folded case: at most 500 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SearchText(String);

impl SearchText {
    /// Validates the text and folds its case. Returns `None` for empty text, which does not filter.
    /// Does not trim: spaces are part of the search text. BAD_USER_INPUT if it breaks a rule.
    pub fn parse(text: &str) -> Result<Option<Self>> {
        check_length(text, 0, 500)?;
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(Error::bad_input("Must not contain control characters."));
        }
        Ok((!text.is_empty()).then(|| Self(fold_case(text))))
    }

    /// The text in folded case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An e-mail address, valid by RFC 5321 and RFC 5322, of at most 254 characters. Addresses that
/// differ only in case are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email {
    address: String,
    key: String,
}

impl Email {
    /// Trims and validates the address. BAD_USER_INPUT if it is not valid.
    pub fn parse(text: &str) -> Result<Self> {
        let options =
            email_address::Options::default().without_display_text().without_domain_literal();
        let address = line(text, 1, 254)?;
        email_address::EmailAddress::parse_with_options(&address, options)
            .map_err(|_| Error::bad_input("Must be a valid e-mail address."))?;
        let key = fold_case(&address);
        Ok(Self { address, key })
    }

    /// The address as the user entered it, trimmed.
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// The address in folded case, for comparison.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// A new password of 8 to 128 characters. It is not trimmed, and `Debug` does not print it.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Validates the length. BAD_USER_INPUT if it is out of range.
    pub fn parse(text: String) -> Result<Self> {
        check_length(&text, 8, 128)?;
        Ok(Self(text))
    }

    /// The plain text. Only for the hash function.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_folds_letter_by_letter_beyond_ascii() {
        assert_eq!(fold_case("ÉTÉ"), "été");
        assert_eq!(fold_case("Straße"), "straße");
        assert_ne!(fold_case("STRASSE"), fold_case("straße"));
        assert_eq!(fold_case("ΟΔΟΣ"), fold_case("οδος"));
        assert!(fold_case("ΟΔΟΣΑ").contains(&fold_case("ΟΔΟΣ")));
    }

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
        assert!(Password::parse("1234567".into()).is_err());
        assert!(Password::parse("🔑".repeat(8)).is_ok());
        assert!(Password::parse("x".repeat(129)).is_err());
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
    fn addresses_are_checked() {
        for good in
            ["user@example.com", "Ünï@exämple.com", "a+b.c@sub.example.org", " x@example.com "]
        {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        let long = format!("{}@example.com", "x".repeat(250));
        for bad in [
            "",
            "user",
            "@example.com",
            "user@",
            "a b@example.com",
            "A <a@example.com>",
            "a@b@c.d",
            "a@[127.0.0.1]",
            &long,
        ] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Email::parse("A@Example.COM").unwrap().key(), "a@example.com");
    }
}
