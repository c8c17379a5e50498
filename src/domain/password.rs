//! Passwords.

use super::Result;
use super::text::check_length;
use super::unicode::nfc;

/// A password in NFC, so that it does not depend on how a keyboard composes characters. It is not
/// trimmed, and `Debug` does not print it.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// A new password of 8 to 128 characters in NFC. BAD_USER_INPUT if it has fewer or more.
    pub fn parse(text: &str) -> Result<Self> {
        let password = Self::entered(text);
        check_length(&password.0, 8, 128)?;
        Ok(password)
    }

    /// A password that is checked against a hash: of any length.
    pub fn entered(text: &str) -> Self {
        Self(nfc(text))
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
    fn passwords_are_8_to_128_characters_in_nfc() {
        assert!(Password::parse("1234567").is_err());
        assert!(Password::parse("🔑".repeat(8).as_str()).is_ok());
        assert!(Password::parse("x".repeat(129).as_str()).is_err());
        // Eight characters as entered, four in NFC.
        assert!(Password::parse("e\u{301}".repeat(4).as_str()).is_err());
        assert!(Password::parse("e\u{301}".repeat(128).as_str()).is_ok());
        assert_eq!(Password::entered("e\u{301} ").expose(), "é ");
    }
}
