//! As much of DER as it takes to find the signature's algorithm in a certificate.

/// The tag of a sequence.
pub(super) const SEQUENCE: u8 = 0x30;
/// The tag of an object identifier.
pub(super) const IDENTIFIER: u8 = 0x06;
/// The tag of a first optional element.
pub(super) const FIRST: u8 = 0xa0;

/// Takes the next element, if it has this tag, and returns what is in it.
pub(super) fn take<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (found, after) = rest.split_first()?;
    if *found != tag {
        return None;
    }
    let (length, after) = length(after)?;
    let (content, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(content)
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first < 0x80 {
        return Some((usize::from(*first), rest));
    }
    let digits = usize::from(first & 0x7f);
    if !(1..=4).contains(&digits) {
        return None;
    }
    let (digits, rest) = rest.split_at_checked(digits)?;
    Some((
        digits
            .iter()
            .fold(0, |length, digit| length << 8 | usize::from(*digit)),
        rest,
    ))
}
