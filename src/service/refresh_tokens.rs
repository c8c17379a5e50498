//! Refresh tokens: 256 random bits for the first of a session, then each one's successor.
//!
//! The successor of a token is an HMAC of it, so a token that is presented twice (an answer got lost,
//! two tabs) can get the same successor twice though no token is stored.

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

use crate::config::Secret;

/// What the HMAC is taken of begins with this, which no JWT does: the secrets sign those too.
const DOMAIN: &[u8] = b"refresh token:";

/// Makes refresh tokens.
pub(super) struct RefreshTokens {
    keys: Vec<hmac::Key>,
}

impl RefreshTokens {
    /// Makes successors with the first of the secrets, and knows those made with another.
    pub(super) fn new(secrets: &[Secret]) -> Self {
        let key = |secret: &Secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
        Self { keys: secrets.iter().map(key).collect() }
    }

    /// What may be the successor of a token: the first one if it is made now.
    pub(super) fn successors(&self, token: &str) -> Vec<String> {
        let message = [DOMAIN, token.as_bytes()].concat();
        let successor = |key| token_of(hmac::sign(key, &message).as_ref());
        self.keys.iter().map(successor).collect()
    }
}

/// The first token of a session.
pub(super) fn random() -> String {
    token_of(&rand::random::<[u8; 32]>())
}

/// The prefix tells people, and programs that look for secrets in the wrong places, what it is.
fn token_of(bytes: &[u8]) -> String {
    format!("rt_{}", BASE64URL_NOPAD.encode(bytes))
}

/// What is stored of a token. It is random, so a fast hash without salt is enough.
pub(super) fn hash(token: &str) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, token.as_bytes()).as_ref())
}
