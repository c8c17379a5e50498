//! The rules. Each mutation is one function here and one transaction in there.

pub mod accounts;
pub mod boards;
mod card_changes;
pub mod cards;
pub mod comments;
pub mod labels;
mod order;
mod passwords;
pub mod seed;
pub mod sharing;
mod tokens;
pub mod trash;

use crate::config::{Argon2, Secret, StartError};
use crate::store::Db;

pub use accounts::LogIn;
use accounts::ViewerCache;
use passwords::Passwords;
use tokens::Tokens;

/// What the rules work with.
pub struct Services {
    /// The database.
    pub db: Db,
    passwords: Passwords,
    tokens: Tokens,
    viewers: ViewerCache,
}

impl Services {
    /// Puts them together; hashes one password, to have something to compare with when an account
    /// does not exist.
    pub fn new(db: Db, argon2: Argon2, secrets: &[Secret]) -> Result<Self, StartError> {
        Ok(Self {
            db,
            passwords: Passwords::new(argon2)?,
            tokens: Tokens::new(secrets)?,
            viewers: accounts::viewer_cache(),
        })
    }
}
