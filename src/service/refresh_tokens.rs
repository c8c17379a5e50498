//! Refresh tokens. The first token of a session is 256 random bits; each refresh issues a successor.
//!
//! The successor is an HMAC of the token. So a token that is sent twice (after a lost response, or by
//! two browser tabs) gets the same successor, although no token is stored.

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

use crate::config::Secret;
use crate::domain::sha256;

/// Prefix of the HMAC input. No JWT starts with it, so the same secrets can also sign JWTs.
const DOMAIN: &[u8] = b"refresh token:";

/// Derives refresh tokens.
pub(super) struct RefreshTokens {
    keys: Vec<hmac::Key>,
}

impl RefreshTokens {
    /// Uses the first secret for new successors and accepts successors made with the others.
    pub(super) fn new(secrets: &[Secret]) -> Self {
        let key = |secret: &Secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
        Self { keys: secrets.iter().map(key).collect() }
    }

    /// The possible successors of a token, one per secret. A new successor is the first one.
    pub(super) fn successors(&self, token: &str) -> Vec<String> {
        let message = [DOMAIN, token.as_bytes()].concat();
        let successor = |key| token_of(hmac::sign(key, &message).as_ref());
        self.keys.iter().map(successor).collect()
    }
}

/// Generates the first token of a session.
pub(super) fn random() -> String {
    token_of(&rand::random::<[u8; 32]>())
}

/// The prefix `rt_` makes refresh tokens recognisable for people and for secret scanners.
fn token_of(bytes: &[u8]) -> String {
    format!("rt_{}", BASE64URL_NOPAD.encode(bytes))
}

/// The hash under which a token is stored. Tokens are random, so a fast hash without salt is enough.
pub(super) fn hash(token: &str) -> String {
    sha256(token)
}
