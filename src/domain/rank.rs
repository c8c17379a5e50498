//! The position of a card in its column, as a string that sorts between the ranks of its neighbours.
//!
//! This is fractional indexing with integers of variable length, after David Greenspan, "Implementing
//! Fractional Indexing" (<https://observablehq.com/@dgreensp/implementing-fractional-indexing>). A
//! rank is an integer with an optional fraction, in base-62 digits that sort in ASCII order. The first
//! letter of the integer encodes its length: `a0` … `az`, then `b00` … `bzz`; below them `Zz` … `Z0`,
//! then `Yzz` …. So ranks at both ends of a column stay short, whatever the number of cards. Repeated
//! inserts at the same position add one digit to the fraction about every six moves. When a rank gets
//! too long, the whole column gets new ranks.
//!
//! No existing crate fits: `fractional_index` grows by one byte per 127 cards at the end of a column;
//! `lexicon_fractional_index` has had no release since 2022 and names no licence.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FIRST: u8 = DIGITS[0];
const LAST: u8 = DIGITS[61];

/// The maximum length of a rank in characters. A move that would exceed it renews the column's ranks.
const MAX_LENGTH: usize = 32;

/// The position of a card in its column. Ranks compare as ASCII text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rank(String);

impl Rank {
    /// Wraps a stored rank without validation. [`Rank::between`] returns `None` for a rank with an
    /// invalid format.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Creates a rank between `above` and `below`; `None` stands for an end of the column. Returns
    /// `None` if the two are not in order or have an invalid format.
    pub fn between(above: Option<&Self>, below: Option<&Self>) -> Option<Self> {
        let made = match (above, below) {
            (None, None) => "a0".to_owned(),
            (Some(above), None) => increment(above.parts()?.0)?,
            (None, Some(below)) => match below.parts()? {
                (integer, "") => decrement(integer)?,
                (integer, _) => integer.to_owned(),
            },
            (Some(above), Some(below)) => within(above, below)?,
        };
        Some(Self(made))
    }

    /// Creates `count` ascending ranks after `above`.
    pub fn sequence(above: Option<&Self>, count: usize) -> Option<Vec<Self>> {
        let mut ranks: Vec<Self> = Vec::with_capacity(count);
        for _ in 0..count {
            let next = Self::between(ranks.last().or(above), None)?;
            ranks.push(next);
        }
        Some(ranks)
    }

    /// Whether the rank exceeds the maximum length, so that the column needs new ranks.
    pub fn is_long(&self) -> bool {
        self.0.len() > MAX_LENGTH
    }

    /// Splits the rank into integer and fraction; `None` if the format is invalid.
    fn parts(&self) -> Option<(&str, &str)> {
        let length = match self.0.bytes().next()? {
            head @ b'a'..=b'z' => head - b'a' + 2,
            head @ b'A'..=b'Z' => b'Z' - head + 2,
            _ => return None,
        };
        let known = self.0.bytes().all(|byte| DIGITS.contains(&byte));
        // No rank fits between a fraction that ends in zero and the same fraction without the zero.
        let (integer, fraction) = self.0.split_at_checked(usize::from(length))?;
        (known && !fraction.ends_with(char::from(FIRST))).then_some((integer, fraction))
    }
}

fn within(above: &Rank, below: &Rank) -> Option<String> {
    if above.0 >= below.0 {
        return None;
    }
    let (integer, low) = above.parts()?;
    let (end, high) = below.parts()?;
    if integer == end {
        return Some(format!("{integer}{}", middle(low, Some(high))));
    }
    match increment(integer) {
        Some(next) if next < below.0 => Some(next),
        _ => Some(format!("{integer}{}", middle(low, None))),
    }
}

/// The next integer; `None` after the largest.
fn increment(integer: &str) -> Option<String> {
    let (head, digits) = (*integer.as_bytes().first()?, &integer.as_bytes()[1..]);
    if let Some(digits) = step(digits, LAST, FIRST, 1) {
        return text(head, &digits);
    }
    match head {
        b'Z' => Some("a0".into()),
        b'z' => None,
        _ => text(head + 1, &vec![FIRST; width(head + 1)]),
    }
}

/// The previous integer; `None` before the smallest.
fn decrement(integer: &str) -> Option<String> {
    let (head, digits) = (*integer.as_bytes().first()?, &integer.as_bytes()[1..]);
    if let Some(digits) = step(digits, FIRST, LAST, -1) {
        return text(head, &digits);
    }
    match head {
        b'a' => Some("Zz".into()),
        // This is the smallest integer, so no rank comes before it.
        b'A' => None,
        _ => text(head - 1, &vec![LAST; width(head - 1)]),
    }
}

/// The number of digits that follow the first letter of an integer.
fn width(head: u8) -> usize {
    usize::from(if head >= b'a' { head - b'a' } else { b'Z' - head }) + 1
}

/// Adds `by` (1 or -1) to the digits; `None` if all digits equal `end`, so that the length changes.
fn step(digits: &[u8], end: u8, wrapped: u8, by: isize) -> Option<Vec<u8>> {
    let place = digits.iter().rposition(|digit| *digit != end)?;
    let mut digits = digits.to_vec();
    digits[place] = digit(value(digits[place]).checked_add_signed(by)?)?;
    digits[place + 1..].fill(wrapped);
    Some(digits)
}

fn text(head: u8, digits: &[u8]) -> Option<String> {
    let bytes = std::iter::once(head).chain(digits.iter().copied()).collect();
    String::from_utf8(bytes).ok()
}

fn digit(value: usize) -> Option<u8> {
    DIGITS.get(value).copied()
}

fn value(digit: u8) -> usize {
    DIGITS.iter().position(|known| *known == digit).unwrap_or(0)
}

/// The shortest fraction between `low` and `high` (`None`: 1) that does not end in zero. Requires
/// `low` < `high`, neither of which may end in zero.
fn middle(low: &str, high: Option<&str>) -> String {
    let (low, mut high) = (low.as_bytes(), high.map(str::as_bytes));
    let mut made = Vec::new();
    for place in 0.. {
        let from = low.get(place).map_or(0, |digit| value(*digit));
        let to = match high {
            Some(high) => high.get(place).map_or(0, |digit| value(*digit)),
            None => DIGITS.len(),
        };
        match to.saturating_sub(from).cmp(&1) {
            // The digits are equal up to here.
            Ordering::Less => made.push(DIGITS[from]),
            // No digit fits between. If `high` has more digits, its prefix up to here is smaller than it.
            Ordering::Equal if high.is_some_and(|high| high.len() > place + 1) => {
                made.push(DIGITS[to]);
                break;
            }
            Ordering::Equal => {
                made.push(DIGITS[from]);
                high = None;
            }
            Ordering::Greater => {
                made.push(DIGITS[usize::midpoint(from, to)]);
                break;
            }
        }
    }
    String::from_utf8(made).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    fn rank(text: &str) -> Rank {
        Rank(text.into())
    }

    fn between(above: &str, below: &str) -> Option<String> {
        let end = |text: &str| (!text.is_empty()).then(|| rank(text));
        Rank::between(end(above).as_ref(), end(below).as_ref()).map(|rank| rank.0)
    }

    /// Inserts a rank at `place` and asserts that it sorts between its neighbours and is valid.
    fn insert(ranks: &mut Vec<Rank>, place: usize) {
        let above = place.checked_sub(1).map(|above| &ranks[above]);
        let made = Rank::between(above, ranks.get(place)).unwrap();
        assert!(above.is_none_or(|above| *above < made), "{above:?} {made:?}");
        assert!(ranks.get(place).is_none_or(|below| made < *below), "{made:?}");
        assert!(made.parts().is_some(), "{made:?}");
        ranks.insert(place, made);
    }

    #[test]
    fn known_ranks() {
        for (above, below, expected) in [
            ("", "", "a0"),
            ("a0", "", "a1"),
            ("az", "", "b00"),
            ("Zz", "", "a0"),
            ("Yzz", "", "Z0"),
            ("", "a0", "Zz"),
            ("", "Z0", "Yzz"),
            ("", "b00", "az"),
            ("", "a0V", "a0"),
            ("a0", "a1", "a0V"),
            ("a0", "a2", "a1"),
            ("a0", "a0V", "a0F"),
            ("a0V", "a1", "a0k"),
            ("a0", "a01", "a00V"),
            ("a0z", "a1", "a0zV"),
            ("a01", "a011", "a010V"),
            ("a0V", "a0W1", "a0W"),
            ("Zz", "a0", "ZzV"),
            ("d000A", "d000B", "d000AV"),
        ] {
            assert_eq!(between(above, below).as_deref(), Some(expected), "{above} {below}");
        }
    }

    #[test]
    fn what_is_no_gap_has_no_rank() {
        for (above, below) in [
            ("a1", "a0"),
            ("a1", "a1"),
            ("a", ""),
            ("", "b0"),
            ("a0é", ""),
            ("a00", "a01"),
            ("0", ""),
        ] {
            assert_eq!(between(above, below), None, "{above} {below}");
        }
    }

    #[test]
    fn order_holds_wherever_ranks_are_put() {
        let mut rng = StdRng::seed_from_u64(3);
        for _ in 0..50 {
            let mut ranks = Vec::new();
            let favourite = rng.random_range(0.0..=1.0);
            for count in 0..400 {
                let place = if rng.random_bool(0.5) {
                    rng.random_range(0..=count)
                } else {
                    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
                    #[allow(clippy::cast_sign_loss)]
                    let place = (f64::from(count) * favourite) as i32;
                    place
                };
                insert(&mut ranks, usize::try_from(place).unwrap());
            }
            assert!(ranks.is_sorted());
        }
    }

    #[test]
    fn ends_stay_short_and_one_spot_grows_slowly() {
        let down = Rank::sequence(None, 100_000).unwrap();
        assert!(down.is_sorted() && down.iter().all(|rank| rank.0.len() <= 4));
        let mut up = vec![rank("a0")];
        for _ in 0..100_000 {
            up.push(Rank::between(None, up.last()).unwrap());
        }
        up.reverse();
        assert!(up.is_sorted() && up.iter().all(|rank| rank.0.len() <= 5));
        for above in [true, false] {
            let mut gap = (rank("a0"), rank("a1"));
            let mut moves = 0;
            while !gap.0.is_long() && !gap.1.is_long() {
                let made = Rank::between(Some(&gap.0), Some(&gap.1)).unwrap();
                *(if above { &mut gap.0 } else { &mut gap.1 }) = made;
                moves += 1;
            }
            assert!(moves >= 150, "{moves}");
        }
    }
}
