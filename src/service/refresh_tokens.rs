//! Refresh tokens: `rt_` and 48 random bytes. The first 16 are the family, which all tokens of a session have in
//! common, so that a token which was used long ago is recognised although it is not stored any more.

use data_encoding::BASE64URL_NOPAD;

use crate::domain::sha256;
use crate::store::refresh_tokens::TokenHashes;

/// Makes refresh tokens recognisable for people and for secret scanners.
const PREFIX: &str = "rt_";

/// The length of the family, and of the whole token, in bytes.
const FAMILY: usize = 16;
const LENGTH: usize = 48;

/// What the tokens of a session have in common. It is secret, like the tokens.
#[derive(Clone)]
pub(super) struct Family([u8; FAMILY]);

impl Family {
    /// The family of a new session.
    pub(super) fn random() -> Self {
        Self(rand::random())
    }

    /// The family of a token. Tokens of earlier versions have none, so that of their successors is derived from them.
    pub(super) fn of(token: &str) -> Self {
        let random = token.strip_prefix(PREFIX).unwrap_or_default().as_bytes();
        match BASE64URL_NOPAD.decode(random) {
            Ok(bytes) if bytes.len() == LENGTH => Self::first(&bytes),
            _ => Self::first(sha256(token).as_bytes()),
        }
    }

    fn first(bytes: &[u8]) -> Self {
        Self(bytes.first_chunk().copied().unwrap_or_default())
    }

    /// Generates a token.
    pub(super) fn token(&self) -> String {
        let own: [u8; LENGTH - FAMILY] = rand::random();
        format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&[&self.0[..], &own].concat()))
    }

    /// The hash under which it is stored.
    pub(super) fn hash(&self) -> String {
        sha256(&BASE64URL_NOPAD.encode(&self.0))
    }
}

/// The hash under which a token is stored. Tokens are random, so a fast hash without salt is enough.
pub(super) fn hash(token: &str) -> String {
    sha256(token)
}

/// The hashes of a token that a client has sent.
pub(super) fn hashes(token: &str) -> TokenHashes {
    TokenHashes { token: hash(token), family: Family::of(token).hash() }
}
