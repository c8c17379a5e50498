//! The business rules. Each mutation is one function of this module and runs in one transaction.

pub mod accounts;
mod attempts;
pub mod backfill;
pub mod boards;
mod card_changes;
pub mod cards;
pub mod comments;
pub mod labels;
pub mod live;
pub mod mail_senders;
mod mail_texts;
pub mod mail_tokens;
mod mails;
pub mod once;
mod order;
mod passwords;
mod refresh;
mod refresh_tokens;
pub mod seed;
mod session_cache;
pub mod sessions;
pub mod sharing;
mod tokens;
pub mod trash;
pub mod upkeep;
mod workers;

use std::sync::Arc;

use tokio::sync::Notify;

use crate::config::{Accounts, Config, Secret, StartError};
use crate::domain::Lifetime;
use crate::mail::Mailer;
use crate::store::Db;

use attempts::Attempts;
use mails::Mails;
use passwords::Passwords;
pub use refresh::refresh;
use session_cache::SessionCache;
pub use sessions::LogIn;
use tokens::Tokens;

/// The state that the service functions share.
pub struct Services {
    /// The database.
    pub db: Db,
    attempts: Arc<Attempts>,
    passwords: Passwords,
    tokens: Tokens,
    sessions: Arc<SessionCache>,
    lifetime: Lifetime,
    accounts: Accounts,
    mails: Mails,
    /// Woken when boards of a deleted account have to be erased.
    orphans: Notify,
}

impl Services {
    /// Creates the services. Hashes one password, against which log-ins to unknown accounts are
    /// checked. Fails if a parameter of the configuration is invalid.
    pub fn new(db: Db, config: &Config, secrets: &[Secret]) -> Result<Self, StartError> {
        let (clock, streams) = (db.clock().clone(), Arc::clone(&db.bus().sessions));
        Ok(Self {
            db,
            attempts: Arc::new(Attempts::new(config.rate_limit)),
            passwords: Passwords::new(config.argon2)?,
            tokens: Tokens::new(secrets, config.token_seconds, clock)?,
            sessions: Arc::new(SessionCache::new(streams)),
            lifetime: Lifetime { unused: config.session_days, longest: config.session_max_days },
            accounts: config.accounts,
            mails: Mails::new(Mailer::new(&config.mail)?),
            orphans: Notify::new(),
        })
    }

    /// The work spent on hashing passwords since the start, in KiB of memory times iterations. Tests
    /// compare it instead of response times.
    pub fn hashing_work(&self) -> u64 {
        self.passwords.work()
    }
}
