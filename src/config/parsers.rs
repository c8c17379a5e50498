//! Parsers of values that several settings have in common. Their errors do not contain the value.

use std::fmt::Display;
use std::ops::RangeInclusive;
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
pub(super) fn kib(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<usize, String> + Clone {
    bytes(range, 10)
}

/// Parses a number of MiB within a range. The result is in bytes.
pub(super) fn mib<T>(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: TryFrom<u64>,
{
    bytes(range, 20)
}

/// Parses a number of units of `2^exponent` bytes within a range. The result may be too large for a 32-bit machine.
fn bytes<T>(range: RangeInclusive<u64>, exponent: u8) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: TryFrom<u64>,
{
    let number = number(range);
    move |text| {
        let bytes = number(text)? << exponent;
        T::try_from(bytes).map_err(|_| "is too large for this machine".to_owned())
    }
}

/// Parses `on` or `off`.
pub(super) fn switch(text: &str) -> Result<bool, &'static str> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be on or off"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused() {
        let mib = mib::<u32>(1..=65_536);
        assert_eq!(mib("4095"), Ok(4095 << 20));
        assert_eq!(mib("4096"), Err("is too large for this machine".into()));
        assert!(mib("0").is_err() && mib("65537").is_err() && mib("x").is_err());
    }
}
