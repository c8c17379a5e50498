//! E-mail addresses.

use unicode_normalization::char::is_combining_mark;
use unicode_security::RestrictionLevelDetection;
use unicode_security::restriction_level::RestrictionLevel;

use super::Result;
use super::rejection;
use super::text::line;
use super::unicode::{is_invisible, lower_case, nfc};

/// What an account is found by. Addresses that differ only in case or in the composition of their
/// characters have the same key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EmailKey {
    key: String,
    former: String,
}

impl EmailKey {
    /// Makes the key of what was entered as the address of an account, which may break the rules for new
    /// addresses. BAD_USER_INPUT if it is not a line of at most 254 characters.
    pub fn parse(text: &str) -> Result<Self> {
        line(text, 1, 254).map(|address| Self::of(&address))
    }

    /// The key of a stored address.
    pub fn of(address: &str) -> Self {
        Self { key: nfc(&lower_case(&nfc(address))), former: lower_case(address) }
    }

    /// The address in lower case and in NFC.
    pub fn as_str(&self) -> &str {
        &self.key
    }

    /// The address in lower case, which is its key in the database until it is normalised, or for good
    /// if another account has the normalised key.
    pub fn former(&self) -> &str {
        &self.former
    }

    /// Whether both keys are the same, as they nearly always are.
    pub fn is_normalised(&self) -> bool {
        self.key == self.former
    }
}

/// A new e-mail address, valid by RFC 5321, RFC 5322 and RFC 6531, of at most 254 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    address: String,
    key: EmailKey,
}

impl Email {
    /// Trims and validates the address. BAD_USER_INPUT if it is not valid, has invisible characters, or
    /// mixes scripts in its local part or in one label of its domain.
    pub fn parse(text: &str) -> Result<Self> {
        let address = line(text, 1, 254)?;
        let normalised = nfc(&address);
        if normalised.chars().any(is_invisible) {
            return Err(rejection::invisible_in_address());
        }
        check_syntax(&normalised)?;
        let (local, domain) = normalised.rsplit_once('@').unwrap_or_default();
        if !std::iter::once(local).chain(domain.split('.')).all(is_hard_to_confuse) {
            return Err(rejection::confusable_address());
        }
        let key = EmailKey::of(&address);
        Ok(Self { address, key })
    }

    /// The address as the user entered it, trimmed.
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// What the account is found by.
    pub fn key(&self) -> &EmailKey {
        &self.key
    }
}

/// The library refuses combining marks, which RFC 6531 allows, so it gets letters of the same length in
/// their place. No part can begin with a mark, which would combine with the character before it.
fn check_syntax(address: &str) -> Result<()> {
    let options = email_address::Options::default().without_display_text().without_domain_literal();
    let without_marks: String = address.chars().map(letter_for_mark).collect();
    let starts_with_mark =
        address.split(['.', '@']).any(|part| part.starts_with(is_combining_mark));
    if starts_with_mark
        || email_address::EmailAddress::parse_with_options(&without_marks, options).is_err()
    {
        return Err(rejection::not_an_address());
    }
    Ok(())
}

fn letter_for_mark(c: char) -> char {
    match (is_combining_mark(c), c.len_utf8()) {
        (true, 2) => 'é',
        (true, 3) => 'ก',
        (true, _) => '𐐨',
        (false, _) => c,
    }
}

/// Whether a part of an address keeps to one script, or to a mixture that is usual in East Asia. The
/// punctuation that e-mail allows is no part of UTS #39, and not checked.
fn is_hard_to_confuse(part: &str) -> bool {
    let checked: String =
        part.chars().filter(|c| !c.is_ascii() || c.is_ascii_alphanumeric()).collect();
    checked.check_restriction_level(RestrictionLevel::HighlyRestrictive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
        for good in [
            "user@example.com",
            " x@example.com ",
            "a+b.c@sub.example.org",
            "\"a b\"@example.com",
            "!#$%&'*+/=?^_`{|}~-@example.com",
            "Ünï@exämple.com",
            "e\u{301}te\u{301}@exa\u{308}mple.com",
            "संपर्क@उदाहरण.भारत",
            "user@संपर्क.example.com",
            "коля2025@пример.example.com",
            "tokyo東京タワー@例え.jp",
            "한글abc@example.com",
        ] {
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
            "a\u{2028}b@example.com",
            "\u{301}a@example.com",
            "a@\u{301}example.com",
            "a.\u{301}b@example.com",
            &long,
        ] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_that_deceive_the_eye_are_refused() {
        for bad in [
            "a\u{200b}nn@example.com",
            "ann\u{ad}@example.com",
            "ann@exam\u{200d}ple.com",
            "ann\u{202e}@example.com",
            // Cyrillic а, Greek ο, mathematical and full-width letters.
            "\u{430}nn@example.com",
            "b\u{3bf}b@example.com",
            "ann@ex\u{430}mple.com",
            "\u{1d41a}nn@example.com",
            "ａｎｎ@example.com",
            "ann.коля@example.com",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn addresses_compare_without_case_and_in_nfc() {
        let key = |text| EmailKey::parse(text).unwrap().as_str().to_owned();
        assert_eq!(key(" A@Example.COM "), "a@example.com");
        assert_eq!(key("E\u{301}@example.com"), "é@example.com");
        assert_eq!(key("É@example.com"), "é@example.com");
        assert_ne!(key("straße@example.com"), key("strasse@example.com"));
        for c in ('\0'..='\u{2ffff}').map(String::from) {
            let found = EmailKey::of(&c);
            assert_eq!(EmailKey::of(found.as_str()).as_str(), found.as_str(), "{c:?}");
        }
    }
}
