//! Hashes of texts.

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;

/// The SHA-256 hash of a text, in lower-case hexadecimal digits.
pub fn sha256(text: &str) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}
