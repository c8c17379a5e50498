//! Parsers of values that several settings have in common. Their errors do not contain the value.

use std::fmt::Display;
use std::ops::{RangeInclusive, Shl};
use std::str::FromStr;
use std::time::Duration;

/// Parses a whole number within a range.
pub(super) fn number<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Clone,
{
    move |text| {
        text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            format!("must be a whole number from {} to {}", range.start(), range.end())
        })
    }
}

/// Parses a number of seconds within a range.
pub(super) fn seconds(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<Duration, String> + Clone {
    let number = number(range);
    move |text| number(text).map(Duration::from_secs)
}

/// Parses a number of milliseconds within a range.
pub(super) fn milliseconds(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<Duration, String> + Clone {
    let number = number(range);
    move |text| number(text).map(Duration::from_millis)
}

/// Parses a number of KiB within a range. The result is in bytes.
pub(super) fn kib(range: RangeInclusive<usize>) -> impl Fn(&str) -> Result<usize, String> + Clone {
    let number = number(range);
    move |text| number(text).map(|kib| kib << 10)
}

/// Parses a number of MiB within a range. The result is in bytes.
pub(super) fn mib<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Clone + Shl<u8, Output = T>,
{
    let number = number(range);
    move |text| number(text).map(|mib| mib << 20)
}

/// Parses `on` or `off`.
pub(super) fn switch(text: &str) -> Result<bool, &'static str> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be on or off"),
    }
}
