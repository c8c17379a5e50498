//! Timestamps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};

/// The first and the last microsecond of the years 1 to 9999, since the Unix epoch.
const FIRST: i64 = -62_135_596_800_000_000;
const LAST: i64 = 253_402_300_799_999_999;

/// A day in seconds.
const DAY: i64 = 86_400;

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
        let time = DateTime::from_timestamp_micros(micros).map(Self);
        time.filter(|_| (FIRST..=LAST).contains(&micros))
    }

    /// The timestamp `days` days earlier.
    #[must_use]
    pub fn days_before(self, days: u32) -> Self {
        self.moved(-DAY * i64::from(days))
    }

    /// The timestamp `days` days later.
    #[must_use]
    pub fn days_after(self, days: u32) -> Self {
        self.moved(DAY * i64::from(days))
    }

    /// The timestamp `seconds` seconds later.
    #[must_use]
    pub fn seconds_after(self, seconds: u32) -> Self {
        self.moved(seconds.into())
    }

    /// The timestamp `seconds` seconds earlier.
    #[must_use]
    pub fn seconds_before(self, seconds: u32) -> Self {
        self.moved(-i64::from(seconds))
    }

    /// The timestamp `seconds` seconds later, but not outside the years 1 to 9999.
    fn moved(self, seconds: i64) -> Self {
        let moved = self.micros().saturating_add(seconds.saturating_mul(1_000_000));
        Self::from_micros(moved.clamp(FIRST, LAST)).unwrap_or(self)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stay_within_the_years_1_to_9999() {
        let (first, last) = (Timestamp::from_micros(FIRST), Timestamp::from_micros(LAST));
        let (first, last) = (first.unwrap(), last.unwrap());
        assert_eq!(first.to_string(), "0001-01-01T00:00:00.000000Z");
        assert_eq!(last.to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(
            (Timestamp::from_micros(FIRST - 1), Timestamp::from_micros(LAST + 1)),
            (None, None)
        );
        assert_eq!((last.days_after(u32::MAX), first.days_before(u32::MAX)), (last, first));
        assert_eq!((last.seconds_after(1), first.seconds_before(1)), (last, first));
        assert_eq!(last.days_before(1).days_after(1), last);
        assert_eq!(last.days_before(1).days_after(2), last);
        assert_eq!(first.seconds_after(1).seconds_before(1), first);
    }
}
