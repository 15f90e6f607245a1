//! `numeric`: groups of four digits on the wire, `Decimal` in Python; exact both ways.

use bytes::{BufMut, BytesMut};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt};

use super::numbers::malformed;
use super::{Refusal, classes};

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const INFINITE: u16 = 0xd000;
const MINUS_INFINITE: u16 = 0xf000;
/// PostgreSQL's own bounds: digits before the point, and after it.
const MOST_WHOLE: i64 = 131_072;
const MOST_FRACTION: i64 = 16_383;

/// Decode to a `Decimal`; NaN and the infinities are `Decimal`'s own.
pub fn decode<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let text = text_of(raw).ok_or_else(|| malformed("numeric"))?;
    classes::decimal(py)?.call1((text,))
}

/// The text of a number on the wire; None for what is none.
fn text_of(raw: &[u8]) -> Option<String> {
    let (head, groups) = raw.split_at_checked(8)?;
    let word = |place: usize| u16::from_be_bytes([head[place], head[place + 1]]);
    let (count, weight, sign, scale) = (word(0), word(2) as i16, word(4), usize::from(word(6)));
    if groups.len() != usize::from(count) * 2 {
        return None;
    }
    let sign = match sign {
        0 => "",
        NEGATIVE => "-",
        NAN => return Some("NaN".into()),
        INFINITE => return Some("Infinity".into()),
        MINUS_INFINITE => return Some("-Infinity".into()),
        _ => return None,
    };
    let group = |place: i32| {
        let place = usize::try_from(i32::from(weight) - place).ok();
        let raw = place.and_then(|place| groups.get(place * 2..place * 2 + 2));
        raw.map_or(0, |raw| u16::from_be_bytes([raw[0], raw[1]]))
    };
    let mut text = String::with_capacity(groups.len() * 2 + scale + 8);
    text.push_str(sign);
    // Groups are counted by their power of 10,000.
    let first = i32::from(weight).max(0);
    for place in (0..=first).rev() {
        let value = group(place);
        // The first group has no zeros before it.
        for unit in [1_000, 100, 10, 1] {
            if place < first || value >= unit || unit == 1 {
                text.push(digit(value, unit));
            }
        }
    }
    if scale > 0 {
        text.push('.');
        for index in 0..scale {
            let unit = [1_000, 100, 10, 1][index % 4];
            text.push(digit(group(-1 - (index / 4) as i32), unit));
        }
    }
    Some(text)
}

fn digit(value: u16, unit: u16) -> char {
    char::from(b'0' + (value / unit % 10) as u8)
}

/// Encode a `Decimal`, or an `int`; a `float` is refused, which is none exactly.
pub fn encode(value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    let integer = value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>();
    if !integer && !value.is_instance(classes::decimal(value.py())?)? {
        return Err(Refusal::Expected("an exact number"));
    }
    let text = if integer {
        integer_text(value)?
    } else {
        value.str()?.to_str()?.to_owned()
    };
    put(&text, out).ok_or(Refusal::Expected("a number inside the type's range"))
}

/// Python refuses to write an integer of more than 4,300 digits; PostgreSQL's own bound is further.
fn integer_text(value: &Bound<'_, PyAny>) -> Result<String, Refusal> {
    let decimal = classes::decimal(value.py())?.call1((value,))?;
    Ok(decimal.str()?.to_str()?.to_owned())
}

fn put(text: &str, out: &mut BytesMut) -> Option<()> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let special = match (digits, negative) {
        ("NaN", _) => Some(NAN),
        ("Infinity", false) => Some(INFINITE),
        ("Infinity", true) => Some(MINUS_INFINITE),
        _ => None,
    };
    if let Some(sign) = special {
        header(out, 0, 0, sign, 0);
        return Some(());
    }
    let (digits, exponent) = match digits.split_once(['E', 'e']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i64>().ok()?),
        None => (digits, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if all.is_empty() || !all.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // The number is 0.ddd... times ten to the power of `point`.
    let zeros = all.iter().take_while(|digit| **digit == b'0').count();
    let point = (whole.len() as i64).checked_add(exponent)?;
    let scale = (all.len() as i64).checked_sub(point)?.max(0);
    let point = point - zeros as i64;
    if scale > MOST_FRACTION || (zeros < all.len() && point > MOST_WHOLE) {
        return None;
    }
    groups(
        &all[zeros..],
        point,
        if negative { NEGATIVE } else { 0 },
        scale as u16,
        out,
    );
    Some(())
}

fn groups(digits: &[u8], point: i64, sign: u16, scale: u16, out: &mut BytesMut) {
    let end = digits
        .iter()
        .rposition(|digit| *digit != b'0')
        .map_or(0, |last| last + 1);
    let digits = &digits[..end];
    if digits.is_empty() {
        return header(out, 0, 0, 0, scale); // PostgreSQL has no negative zero
    }
    let weight = (point - 1).div_euclid(4);
    // So many zeros stand before the first digit in its group.
    let lead = (weight + 1) * 4 - point;
    let padded: Vec<u8> = std::iter::repeat_n(b'0', lead as usize)
        .chain(digits.iter().copied())
        .collect();
    header(
        out,
        padded.len().div_ceil(4) as u16,
        weight as i16,
        sign,
        scale,
    );
    for group in padded.chunks(4) {
        let value = group
            .iter()
            .fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        out.put_u16(value * 10_u16.pow(4 - group.len() as u32));
    }
}

fn header(out: &mut BytesMut, count: u16, weight: i16, sign: u16, scale: u16) {
    out.put_u16(count);
    out.put_i16(weight);
    out.put_u16(sign);
    out.put_u16(scale);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were_written() {
        for text in [
            "0",
            "1",
            "-1",
            "10000",
            "9999",
            "0.0001",
            "0.00001",
            "-0.10",
            "123456789.987654321",
            "1.000000000000000",
            "100000000000000000000.00000000000000000001",
            "NaN",
            "Infinity",
            "-Infinity",
            "0.000",
        ] {
            let mut out = BytesMut::new();
            put(text, &mut out).unwrap();
            assert_eq!(text_of(&out).unwrap(), text);
        }
        for (given, back) in [
            ("1E+5", "100000"),
            ("1E-7", "0.0000001"),
            ("-0", "0"),
            ("0E+9", "0"),
            ("0E-3", "0.000"),
        ] {
            let mut out = BytesMut::new();
            put(given, &mut out).unwrap();
            assert_eq!(text_of(&out).unwrap(), back);
        }
    }

    #[test]
    fn what_postgresql_cannot_hold_is_refused() {
        let mut out = BytesMut::new();
        for text in [
            "1E+131072",
            "1E-16384",
            "sNaN",
            "",
            "1E+99999999999999999999",
        ] {
            assert!(put(text, &mut out).is_none(), "{text}");
        }
        assert!(put("1E+131071", &mut out).is_some());
        for raw in [
            &[0u8; 7][..],
            &[0, 1, 0, 0, 0, 0, 0, 0],
            &[0, 0, 0, 0, 1, 0, 0, 0],
        ] {
            assert!(text_of(raw).is_none());
        }
    }
}
