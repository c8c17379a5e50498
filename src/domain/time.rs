//! Timestamps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, TimeDelta, Utc};

/// A point in time in UTC, truncated to microseconds, which both databases can store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(DateTime::UNIX_EPOCH);

    /// Microseconds since the Unix epoch.
    pub fn micros(self) -> i64 {
        self.0.timestamp_micros()
    }

    /// The inverse of [`Timestamp::micros`]. Returns `None` outside the years 1 to 9999, because
    /// RFC 3339 and the databases do not support all other years.
    pub fn from_micros(micros: i64) -> Option<Self> {
        let time = DateTime::from_timestamp_micros(micros)?;
        (1..=9999).contains(&time.year()).then_some(Self(time))
    }

    /// The timestamp `days` days earlier.
    #[must_use]
    pub fn days_before(self, days: u32) -> Self {
        Self(self.0 - TimeDelta::days(days.into()))
    }

    /// The timestamp `days` days later.
    #[must_use]
    pub fn days_after(self, days: u32) -> Self {
        Self(self.0 + TimeDelta::days(days.into()))
    }

    /// The timestamp `seconds` seconds later.
    #[must_use]
    pub fn seconds_after(self, seconds: u32) -> Self {
        Self(self.0 + TimeDelta::seconds(seconds.into()))
    }

    /// The timestamp `seconds` seconds earlier.
    #[must_use]
    pub fn seconds_before(self, seconds: u32) -> Self {
        Self(self.0 - TimeDelta::seconds(seconds.into()))
    }

    /// Whole seconds from `other` to this timestamp.
    pub fn seconds_since(self, other: Self) -> i64 {
        (self.0 - other.0).num_seconds()
    }

    /// Seconds since the Unix epoch, the time unit of JWT claims.
    pub fn seconds(self) -> i64 {
        self.0.timestamp()
    }

    /// The inverse of [`Timestamp::seconds`]. Returns `None` outside the years 1 to 9999.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        Self::from_micros(seconds.checked_mul(1_000_000)?)
    }
}

/// The clock of the program: the system's clock, which tests can move. Clones move together.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// What is added to the system's time, in microseconds.
    offset: Arc<AtomicI64>,
}

impl Clock {
    /// The present time.
    pub fn now(&self) -> Timestamp {
        let offset = TimeDelta::microseconds(self.offset.load(Ordering::Relaxed));
        Timestamp((Utc::now() + offset).trunc_subsecs(6))
    }

    /// Moves the clock forward, or back if `seconds` is negative.
    pub fn advance(&self, seconds: i64) {
        self.offset.fetch_add(seconds.saturating_mul(1_000_000), Ordering::Relaxed);
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.trunc_subsecs(6))
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(time: Timestamp) -> Self {
        time.0
    }
}

/// Formats as RFC 3339 with microseconds, e.g. `2026-01-31T12:00:00.123456Z`.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}
