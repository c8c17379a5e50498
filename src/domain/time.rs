//! Time.

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, TimeDelta, Utc};

/// A point in time, in UTC, cut to microseconds: what both databases can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// The beginning of Unix time.
    pub const EPOCH: Self = Self(DateTime::UNIX_EPOCH);

    /// The present time by the program's clock.
    pub fn now() -> Self {
        Self(Utc::now().trunc_subsecs(6))
    }

    /// Microseconds since the Unix epoch.
    pub fn micros(self) -> i64 {
        self.0.timestamp_micros()
    }

    /// What [`Timestamp::micros`] says; `None` outside of the years 1 to 9999, which neither
    /// RFC 3339 nor the databases can all write.
    pub fn from_micros(micros: i64) -> Option<Self> {
        let time = DateTime::from_timestamp_micros(micros)?;
        (1..=9999).contains(&time.year()).then_some(Self(time))
    }

    /// So many days earlier.
    #[must_use]
    pub fn days_before(self, days: u32) -> Self {
        Self(self.0 - TimeDelta::days(days.into()))
    }

    /// So many days later.
    #[must_use]
    pub fn days_after(self, days: u32) -> Self {
        Self(self.0 + TimeDelta::days(days.into()))
    }

    /// Whole seconds from another point in time to this one.
    pub fn seconds_since(self, other: Self) -> i64 {
        (self.0 - other.0).num_seconds()
    }

    /// Seconds since the Unix epoch, as tokens count.
    pub fn seconds(self) -> i64 {
        self.0.timestamp()
    }

    /// What [`Timestamp::seconds`] says; `None` outside of the years 1 to 9999.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        Self::from_micros(seconds.checked_mul(1_000_000)?)
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

/// RFC 3339 with microseconds, e.g. `2026-01-31T12:00:00.123456Z`.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}
