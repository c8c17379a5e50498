//! The rules. Each mutation is one function here and one transaction in there.

pub mod accounts;
mod attempts;
pub mod boards;
mod card_changes;
pub mod cards;
pub mod comments;
pub mod labels;
mod order;
mod passwords;
mod refresh_tokens;
pub mod seed;
pub mod sessions;
pub mod sharing;
mod tokens;
pub mod trash;
pub mod upkeep;
mod workers;

use std::sync::Arc;

use crate::config::{Config, Secret, StartError};
use crate::store::Db;

use attempts::Attempts;
use passwords::Passwords;
use refresh_tokens::RefreshTokens;
pub use sessions::LogIn;
use sessions::SessionCache;
use tokens::Tokens;

/// What the rules work with.
pub struct Services {
    /// The database.
    pub db: Db,
    attempts: Attempts,
    passwords: Passwords,
    tokens: Tokens,
    refresh_tokens: RefreshTokens,
    sessions: Arc<SessionCache>,
    /// How many days a session lives on after its last use.
    session_days: u32,
}

impl Services {
    /// Puts them together; hashes one password, to have something to compare with when an account
    /// does not exist.
    pub fn new(db: Db, config: &Config, secrets: &[Secret]) -> Result<Self, StartError> {
        Ok(Self {
            db,
            attempts: Attempts::new(config.rate_limit),
            passwords: Passwords::new(config.argon2)?,
            tokens: Tokens::new(secrets)?,
            refresh_tokens: RefreshTokens::new(secrets),
            sessions: Arc::new(SessionCache::new()),
            session_days: config.session_days,
        })
    }

    /// What hashing passwords has cost since the start, in KiB of memory times passes: tests compare
    /// it, as others could compare times.
    pub fn hashing_work(&self) -> u64 {
        self.passwords.work()
    }
}
