//! Rate limits for password attempts: per account, against password guessing, and per client address,
//! against overload by hashing. Each instance counts separately.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;

use crate::config::RateLimit;
use crate::domain::{Client, EmailKey, Error, Result};
use crate::metrics::{self, Limit};

/// The maximum number of tracked accounts, and of tracked addresses.
const CAPACITY: u64 = 100_000;

/// How long an account or address without attempts is tracked. It is longer than the minute after which
/// all attempts are allowed again.
const IDLE: Duration = Duration::from_mins(2);

/// The counters of attempts.
pub(super) struct Attempts {
    limits: Option<(Limiter<String>, Limiter<IpAddr>)>,
}

impl Attempts {
    /// Creates the counters, if the limits are enabled.
    pub(super) fn new(config: RateLimit) -> Self {
        let limits = || (Limiter::new(config.per_account), Limiter::new(config.per_address));
        Self { limits: config.enabled.then(limits) }
    }

    /// Counts an attempt from the client's address. RATE_LIMITED after too many attempts.
    pub(super) fn from(&self, client: &Client) -> Result<()> {
        match (&self.limits, client.address) {
            (Some((_, addresses)), Some(address)) => {
                addresses.check(network(address)).inspect_err(|_| refused(Limit::Address))
            }
            _ => Ok(()),
        }
    }

    /// Counts an attempt on an account, whether or not it exists. RATE_LIMITED after too many attempts.
    pub(super) fn at(&self, email: &EmailKey) -> Result<()> {
        match &self.limits {
            Some((accounts, _)) => {
                let checked = accounts.check(email.as_str().to_owned());
                checked.inspect_err(|_| refused(Limit::Account))
            }
            None => Ok(()),
        }
    }
}

fn refused(limit: Limit) {
    metrics::get().accounts.refusals.of(limit).inc();
}

/// The key of an address. An IPv6 subscriber controls a whole /64 network, so that counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// A limit of attempts per minute and key (GCRA). Bursts up to the limit are allowed.
struct Limiter<K> {
    quota: Quota,
    known: Cache<K, Arc<DefaultDirectRateLimiter>>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Send + Sync + 'static> Limiter<K> {
    fn new(per_minute: NonZeroU32) -> Self {
        let known = Cache::builder().max_capacity(CAPACITY).time_to_idle(IDLE).build();
        Self { quota: Quota::per_minute(per_minute), known, clock: DefaultClock::default() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let parse = |text: &str| network(text.parse().unwrap());
        assert_eq!(parse("2001:db8:1:2::1"), parse("2001:db8:1:2:ffff::9"));
        assert_ne!(parse("2001:db8:1:2::1"), parse("2001:db8:1:3::1"));
        assert_eq!(parse("::ffff:192.0.2.1"), parse("192.0.2.1"));
        assert_ne!(parse("192.0.2.1"), parse("192.0.2.2"));
    }
}
