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

    /// The family of a token; `None` if it was issued by an earlier version.
    pub(super) fn of(token: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(token.strip_prefix(PREFIX)?.as_bytes()).ok()?;
        let family = bytes.first_chunk::<FAMILY>().filter(|_| bytes.len() == LENGTH)?;
        Some(Self(*family))
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
    TokenHashes { token: hash(token), family: Family::of(token).map(|family| family.hash()) }
}
