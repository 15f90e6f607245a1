//! What queries need beyond SQLite's own functions: an exact order of decimals that are kept as text.
//!
//! `lower()` and `upper()` of this build fold exactly A-Z, and `=`, `<`, GLOB compare code points: those are used
//! as they are.

use std::cmp::Ordering;

use rusqlite::Connection;

use crate::error::Result;

/// The name of the collation that compares decimals kept as text by value.
pub(crate) const DECIMAL: &str = "decimal";

/// Make them known to a connection.
pub(crate) fn install(connection: &Connection) -> Result<()> {
    Ok(connection.create_collation(DECIMAL, compare)?)
}

/// Compare two decimals by value; text that is no decimal stands after all of them, by code point.
fn compare(one: &str, other: &str) -> Ordering {
    match (Decimal::read(one), Decimal::read(other)) {
        (Some(one), Some(other)) => one.compare(&other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => one.cmp(other),
    }
}

/// A decimal number as its sign, its digits without leading zeros, and where the point stands after the first.
struct Decimal<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    /// The power of ten of the first digit that is not zero.
    magnitude: i64,
}

impl<'a> Decimal<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit());
        if !all_digits || whole.len() + fraction.len() == 0 {
            return None;
        }
        let zeros = whole
            .bytes()
            .chain(fraction.bytes())
            .take_while(|byte| *byte == b'0')
            .count();
        let magnitude = exponent.checked_add(whole.len() as i64 - zeros as i64)?;
        Some(Self {
            negative,
            whole: whole.as_bytes(),
            fraction: fraction.as_bytes(),
            magnitude,
        })
    }

    fn digits(&self) -> impl Iterator<Item = u8> + '_ {
        self.whole
            .iter()
            .chain(self.fraction)
            .copied()
            .skip_while(|digit| *digit == b'0')
    }

    fn sign(&self) -> i8 {
        match (self.digits().next(), self.negative) {
            (None, _) => 0,
            (Some(_), true) => -1,
            (Some(_), false) => 1,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let sign = self.sign();
        let signs = sign.cmp(&other.sign());
        if signs.is_ne() || sign == 0 {
            return signs;
        }
        let sizes = self
            .magnitude
            .cmp(&other.magnitude)
            .then_with(|| self.compare_digits(other));
        if sign < 0 { sizes.reverse() } else { sizes }
    }

    fn compare_digits(&self, other: &Self) -> Ordering {
        let (mut these, mut those) = (self.digits(), other.digits());
        loop {
            match (these.next(), those.next()) {
                (None, None) => return Ordering::Equal,
                (this, that) => match this.unwrap_or(b'0').cmp(&that.unwrap_or(b'0')) {
                    Ordering::Equal => {}
                    unequal => return unequal,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_compare_by_value_and_exactly() {
        let ordered = [
            "-1E+30",
            "-10.5",
            "-10.49",
            "-0.001",
            "0",
            "1E-30",
            "0.1",
            "0.10000000000000000000000000001",
            "1",
            "9.99",
            "10",
            "10.0000000000000000000001",
            "1E+2",
            "123456789012345678901234567890",
            "abc",
        ];
        for (index, one) in ordered.iter().enumerate() {
            for (place, other) in ordered.iter().enumerate() {
                assert_eq!(compare(one, other), index.cmp(&place), "{one} {other}");
            }
        }
        for (one, other) in [
            ("1.0", "1"),
            ("1E+2", "100.00"),
            ("-0", "0"),
            ("0E+5", "0.000"),
            ("+1", "1"),
        ] {
            assert_eq!(compare(one, other), Ordering::Equal, "{one} {other}");
        }
    }
}
