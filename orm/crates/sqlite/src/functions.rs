//! What queries need beyond SQLite's own functions: an exact order of decimals that are kept as text, and whole
//! numbers that overflow with an error, where SQLite would go on with floats.
//!
//! `lower()` and `upper()` of this build fold exactly A-Z, and `=`, `<`, GLOB compare code points: those are used
//! as they are.

use std::cmp::Ordering;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ffi};

use crate::error::{OVERFLOW, Result};

/// The name of the collation that compares decimals kept as text by value.
pub(crate) const DECIMAL: &str = "decimal";

/// Make them known to a connection.
pub(crate) fn install(connection: &Connection) -> Result<()> {
    connection.create_collation(DECIMAL, compare)?;
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    for (name, operation) in ARITHMETIC {
        connection
            .create_scalar_function(name, 2, flags, move |context| calculate(context, operation))?;
    }
    Ok(connection.create_scalar_function("integer_of_bits", 2, flags, of_bits)?)
}

/// An operation of two whole numbers; None where the result has more than 64 bits.
type Operation = fn(i64, i64) -> Option<i64>;

/// What expressions calculate with; null of null.
const ARITHMETIC: [(&str, Operation); 3] = [
    ("integer_add", i64::checked_add),
    ("integer_subtract", i64::checked_sub),
    ("integer_multiply", i64::checked_mul),
];

fn calculate(context: &Context<'_>, operation: Operation) -> rusqlite::Result<Option<i64>> {
    match (whole(context, 0)?, whole(context, 1)?) {
        (Some(one), Some(other)) => operation(one, other).map(Some).ok_or_else(overflow),
        _ => Ok(None),
    }
}

/// A whole number, if it is one of so many bits.
fn of_bits(context: &Context<'_>) -> rusqlite::Result<Option<i64>> {
    let (Some(number), Some(bits)) = (whole(context, 0)?, whole(context, 1)?) else {
        return Ok(None);
    };
    let unused = u32::try_from(64 - bits).map_err(|_| overflow())?;
    let fits = number.checked_shl(unused).map(|high| high >> unused) == Some(number);
    if fits {
        Ok(Some(number))
    } else {
        Err(overflow())
    }
}

fn whole(context: &Context<'_>, place: usize) -> rusqlite::Result<Option<i64>> {
    match context.get_raw(place) {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(number) => Ok(Some(number)),
        _ => Err(overflow()),
    }
}

fn overflow() -> rusqlite::Error {
    let failure = ffi::Error::new(ffi::SQLITE_ERROR);
    rusqlite::Error::SqliteFailure(failure, Some(OVERFLOW.to_owned()))
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
    fn whole_numbers_overflow_with_an_error() {
        let connection = Connection::open_in_memory().unwrap();
        install(&connection).unwrap();
        let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
        assert_eq!(ask("SELECT integer_add(2, -5)"), Ok(Some(-3)));
        assert_eq!(ask("SELECT integer_subtract(2, NULL)"), Ok(None));
        assert_eq!(
            ask("SELECT integer_multiply(-4611686018427387904, 2)"),
            Ok(Some(i64::MIN))
        );
        assert_eq!(ask("SELECT integer_of_bits(-32768, 16)"), Ok(Some(-32768)));
        assert_eq!(ask("SELECT integer_of_bits(5, 64)"), Ok(Some(5)));
        for sql in [
            "SELECT integer_add(9223372036854775807, 1)",
            "SELECT integer_multiply(4611686018427387904, 2)",
            "SELECT integer_add(1.5, 1)",
            "SELECT integer_of_bits(32768, 16)",
            "SELECT integer_of_bits(-2147483649, 32)",
        ] {
            let error = crate::error::Error::from(ask(sql).unwrap_err());
            assert_eq!(error.sqlstate(), "22003", "{sql}");
        }
    }

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
