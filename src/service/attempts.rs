//! Rate limits: of password attempts per account, against guessing, and per client address, against overload by hashing;
//! of refreshes per session; of look-ups of accounts per viewer; of mails per address. Each instance counts separately.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;
use moka::sync::Cache;

use crate::config::RateLimit;
use crate::domain::{Client, EmailKey, Error, Result, SessionId, UserKey, subscriber};
use crate::metrics::{self, Limit};

/// The maximum number of tracked accounts, of tracked addresses, and so on.
const CAPACITY: u64 = 100_000;

/// The maximum number of look-ups per minute: enough for people, too few to try a list of addresses.
const LOOK_UPS: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);

/// The counters of attempts.
pub(super) struct Attempts {
    limits: Option<Limits>,
    /// Mails to one address, also if the other limits are off.
    mails: Limiter<String>,
}

struct Limits {
    accounts: Limiter<String>,
    addresses: Limiter<IpNet>,
    sessions: Limiter<SessionId>,
    viewers: Limiter<UserKey>,
}

impl Attempts {
    /// Creates the counters, if the limits are enabled.
    pub(super) fn new(config: RateLimit) -> Self {
        let limits = || Limits {
            accounts: Limiter::new(Quota::per_minute(config.per_account)),
            addresses: Limiter::new(Quota::per_minute(config.per_address)),
            sessions: Limiter::new(Quota::per_minute(config.per_session)),
            viewers: Limiter::new(Quota::per_minute(LOOK_UPS)),
        };
        Self { limits: config.enabled.then(limits), mails: Limiter::new(mails_to_one_address()) }
    }

    /// Counts an attempt from the client's address. RATE_LIMITED after too many attempts.
    pub(super) fn from(&self, client: &Client) -> Result<()> {
        match (&self.limits, client.address) {
            (Some(limits), Some(address)) => {
                let checked = limits.addresses.check(subscriber(address));
                checked.inspect_err(|_| refused(Limit::Address))
            }
            _ => Ok(()),
        }
    }

    /// Counts an attempt on an account, whether or not it exists. RATE_LIMITED after too many attempts.
    pub(super) fn at(&self, email: &EmailKey) -> Result<()> {
        match &self.limits {
            Some(limits) => {
                let checked = limits.accounts.check(email.as_str().to_owned());
                checked.inspect_err(|_| refused(Limit::Account))
            }
            None => Ok(()),
        }
    }

    /// Counts a refresh of a session. RATE_LIMITED after too many.
    pub(super) fn of_session(&self, session: SessionId) -> Result<()> {
        match &self.limits {
            Some(limits) => limits.sessions.check(session).inspect_err(|_| refused(Limit::Session)),
            None => Ok(()),
        }
    }

    /// Counts a look-up of an account by its address. RATE_LIMITED after too many.
    pub(super) fn look_up(&self, viewer: UserKey) -> Result<()> {
        match &self.limits {
            Some(limits) => limits.viewers.check(viewer).inspect_err(|_| refused(Limit::LookUps)),
            None => Ok(()),
        }
    }

    /// Counts a mail of this kind to an address, whether or not it has an account. Returns whether it may be sent.
    pub(super) fn may_mail(&self, kind: &str, email: &EmailKey) -> bool {
        let checked = self.mails.check(format!("{kind} {}", email.as_str()));
        checked.inspect_err(|_| refused(Limit::Mails)).is_ok()
    }
}

fn refused(limit: Limit) {
    metrics::get().accounts.refusals.of(limit).inc();
}

/// Three at once, later one every ten minutes, so that nobody can fill the mailbox of somebody else.
fn mails_to_one_address() -> Quota {
    const AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);
    Quota::with_period(Duration::from_mins(10))
        .unwrap_or(Quota::per_hour(AT_ONCE))
        .allow_burst(AT_ONCE)
}

/// A limit of attempts per key (GCRA). Bursts up to the limit are allowed.
struct Limiter<K> {
    quota: Quota,
    known: Cache<K, Arc<DefaultDirectRateLimiter>>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Send + Sync + 'static> Limiter<K> {
    fn new(quota: Quota) -> Self {
        // After this time all attempts are allowed again.
        let idle = quota.burst_size_replenished_in() + Duration::from_mins(1);
        let known = Cache::builder().max_capacity(CAPACITY).time_to_idle(idle).build();
        Self { quota, known, clock: DefaultClock::default() }
    }

    fn check(&self, key: K) -> Result<()> {
        let limiter = self.known.get_with(key, || Arc::new(RateLimiter::direct(self.quota)));
        limiter.check().map_err(|refusal| {
            let wait = refusal.wait_time_from(self.clock.now());
            // Rounded up, so that an attempt after this time succeeds.
            Error::RateLimited { retry_after: wait.as_secs() + 1 }
        })
    }
}
