//! Signing keys.

use std::fmt;

/// A signing key. `Debug` does not print it.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Creates a key of at least 32 bytes, the output size of the hash function. Fails if it is shorter.
    pub fn new(bytes: &[u8]) -> Result<Self, &'static str> {
        if bytes.len() < 32 {
            return Err("each secret must have at least 32 bytes");
        }
        Ok(Self(bytes.to_vec()))
    }

    /// Generates a random key.
    pub fn random() -> Self {
        Self(rand::random::<[u8; 32]>().to_vec())
    }

    /// The key bytes. Only for signing.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Parses one element of the list in `JWT_SECRET`.
pub(super) fn secret(text: &str) -> Result<Secret, &'static str> {
    Secret::new(text.trim().as_bytes())
}
