//! Hashing and verification of passwords with argon2id (RFC 9106), with limited concurrency.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::{self, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use super::workers::Workers;
use crate::config::{self, StartError};
use crate::domain::{Client, Error, Password, PublicId, Result};
use crate::store::users::Credentials;

/// The highest memory in KiB, iterations and lanes that the settings allow. A stored hash with more would block a thread or
/// take all memory.
const MOST: [u32; 3] = {
    let config::Argon2 { memory, iterations, parallelism } = config::Argon2::MOST;
    [memory, iterations, parallelism]
};

/// Hashes and verifies passwords.
pub(super) struct Passwords {
    argon2: Argon2<'static>,
    params: Params,
    /// The hash to verify against when the account does not exist, so that an unknown account takes
    /// the same time as a wrong password.
    decoy: String,
    workers: Workers,
    work: Arc<AtomicU64>,
}

/// Whether a password is right.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Wrong,
    Right,
    /// It is right, but the hash was made with other parameters, or not of the password in NFC.
    Outdated,
}

impl Verdict {
    fn right(outdated: bool) -> Self {
        if outdated { Self::Outdated } else { Self::Right }
    }
}

impl Passwords {
    pub(super) fn new(config: config::Argon2) -> std::result::Result<Self, StartError> {
        let wrong = |error: &dyn std::fmt::Display| StartError::new(format!("ARGON2_…: {error}"));
        let params = Params::new(config.memory, config.iterations, config.parallelism, None)
            .map_err(|error| wrong(&error))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let decoy = argon2.hash_password(b"decoy").map_err(|error| wrong(&error))?.to_string();
        let workers = Workers::start().map_err(|error| {
            StartError::new(format!("cannot start a thread for password hashing: {error}"))
        })?;
        Ok(Self { argon2, params, decoy, workers, work: Arc::default() })
    }

    /// Hashes a new password. Returns a PHC string.
    pub(super) async fn hash(&self, client: &Client, password: Password) -> Result<String> {
        let (argon2, count) = (self.argon2.clone(), self.counter(&self.params));
        self.workers
            .run(client.address, move || {
                count();
                argon2
                    .hash_password(password.expose().as_bytes())
                    .map(|hash| hash.to_string())
                    .map_err(|error| {
                        tracing::error!(%error, "failed to hash a password");
                        Error::Internal
                    })
            })
            .await?
    }

    /// Compares the password with the hash: as entered, since earlier versions hashed it so, then in NFC if that
    /// is different. Without a hash that can be used, the password is wrong after the same time.
    pub(super) async fn verify(
        &self,
        client: &Client,
        entered: String,
        account: Option<&Credentials>,
    ) -> Result<Verdict> {
        let usable = account.filter(|account| is_usable(account));
        let hash = usable.map_or(&self.decoy, |account| &account.password_hash).clone();
        let known = usable.is_some();
        let outdated = self.is_outdated(&hash);
        let count = self.counter(&params_of(&hash).unwrap_or_else(|| self.params.clone()));
        let argon2 = self.argon2.clone();
        let verdict = self.workers.run(client.address, move || {
            let matches = |text: &str| {
                count();
                is_match(&argon2, text, &hash)
            };
            let normalised = Password::entered(&entered);
            let in_nfc = normalised.expose() == entered;
            if matches(&entered) {
                Verdict::right(outdated || !in_nfc)
            } else if !in_nfc && matches(normalised.expose()) {
                Verdict::right(outdated)
            } else {
                Verdict::Wrong
            }
        });
        verdict.await.map(|verdict| if known { verdict } else { Verdict::Wrong })
    }

    /// Whether the hash was made with other parameters than the current ones.
    fn is_outdated(&self, hash: &str) -> bool {
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        params_of(hash).is_none_or(|params| cost(&params) != cost(&self.params))
    }

    /// The total work of all runs, in KiB of memory times iterations.
    pub(super) fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }

    fn counter(&self, params: &Params) -> impl Fn() + Send + 'static {
        let cost = u64::from(params.m_cost()) * u64::from(params.t_cost());
        let work = Arc::clone(&self.work);
        move || {
            work.fetch_add(cost, Ordering::Relaxed);
        }
    }
}

/// The argon2 parameters of a PHC string.
fn params_of(hash: &str) -> Option<Params> {
    Params::try_from(&PasswordHash::new(hash).ok()?).ok()
}

/// Whether the password has this hash.
fn is_match(argon2: &Argon2<'_>, password: &str, hash: &str) -> bool {
    match argon2.verify_password(password.as_bytes(), hash) {
        Ok(()) => true,
        Err(password_hash::Error::PasswordInvalid) => false,
        Err(error) => {
            tracing::error!(%error, "a password cannot be compared with its hash");
            false
        }
    }
}

/// Whether passwords can be compared with the hash of an account. If not, the operator is told: every password is wrong.
fn is_usable(Credentials { user, password_hash }: &Credentials) -> bool {
    let checked = check(password_hash);
    if let Err(reason) = &checked {
        tracing::error!(
            user = user.id.to_public(),
            reason,
            "a stored password hash cannot be used"
        );
    }
    checked.is_ok()
}

/// An error is the reason why a stored hash cannot be used. Another program may have made it.
fn check(hash: &str) -> std::result::Result<(), String> {
    let hash = PasswordHash::new(hash).map_err(|error| error.to_string())?;
    Algorithm::try_from(hash.algorithm.as_str()).map_err(|error| error.to_string())?;
    let params = Params::try_from(&hash).map_err(|error| error.to_string())?;
    let cost = [params.m_cost(), params.t_cost(), params.p_cost()];
    if cost.iter().zip(MOST).any(|(cost, most)| *cost > most) {
        return Err("it needs more than the settings ARGON2_… allow".into());
    }
    if hash.hash.is_none() {
        return Err("it is incomplete".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn every_hash_that_the_settings_allow_can_be_used() {
        let names = ["ARGON2_MEMORY_KIB", "ARGON2_ITERATIONS", "ARGON2_PARALLELISM"];
        for (setting, most) in names.into_iter().zip(MOST) {
            let allows = |value: u32| {
                Config::from_lookup(|name| (name == setting).then(|| value.to_string())).is_ok()
            };
            assert!(allows(most) && !allows(most + 1), "{setting}");
        }
        let [memory, iterations, lanes] = MOST;
        let with = |memory| {
            format!(
                "$argon2id$v=19$m={memory},t={iterations},p={lanes}$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA"
            )
        };
        assert_eq!(check(&with(memory)), Ok(()));
        assert!(check(&with(memory + 1)).is_err());
    }
}
