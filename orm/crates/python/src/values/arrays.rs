//! Arrays: lists, nested for each dimension. Lower bounds are PostgreSQL's default, 1; others are not kept.

use bytes::{Buf, BufMut, BytesMut};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::kind::BuiltIn;
use super::numbers::malformed;
use super::{Refusal, decode, sized};

/// PostgreSQL's own bound.
const MOST_DIMENSIONS: usize = 6;

/// Decode to a list; an array without elements is an empty list.
pub fn decode_array<'py>(
    py: Python<'py>,
    element: &BuiltIn,
    raw: &[u8],
) -> PyResult<Bound<'py, PyAny>> {
    let wrong = || malformed("array");
    let mut rest = raw;
    let count = rest.try_get_u32().map_err(|_| wrong())? as usize;
    let _nulls = rest.try_get_u32().map_err(|_| wrong())?;
    let oid = rest.try_get_u32().map_err(|_| wrong())?;
    if oid != element.oid || count > MOST_DIMENSIONS {
        return Err(wrong());
    }
    let mut lengths = [0; MOST_DIMENSIONS];
    for length in &mut lengths[..count] {
        *length = rest.try_get_u32().map_err(|_| wrong())? as usize;
        rest.try_get_u32().map_err(|_| wrong())?;
    }
    let lengths = &lengths[..count];
    let elements = lengths
        .iter()
        .try_fold(1, |all: usize, length| all.checked_mul(*length));
    let list = match elements {
        // No element, whatever the other dimensions claim.
        _ if count == 0 || lengths.contains(&0) => PyList::empty(py),
        // An element has four bytes at least.
        Some(elements) if elements <= rest.len() / 4 => level(py, element, lengths, &mut rest)?,
        _ => return Err(wrong()),
    };
    if rest.is_empty() {
        Ok(list.into_any())
    } else {
        Err(wrong())
    }
}

fn level<'py>(
    py: Python<'py>,
    element: &BuiltIn,
    lengths: &[usize],
    rest: &mut &[u8],
) -> PyResult<Bound<'py, PyList>> {
    let (length, inner) = lengths.split_first().ok_or_else(|| malformed("array"))?;
    let list = PyList::empty(py);
    for _ in 0..*length {
        if inner.is_empty() {
            let raw = take_field(rest).ok_or_else(|| malformed("array"))?;
            list.append(decode(py, element.kind, raw)?)?;
        } else {
            list.append(level(py, element, inner, rest)?)?;
        }
    }
    Ok(list)
}

/// Take a length and as many bytes; the inner None is null.
pub fn take_field<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let length = rest.try_get_i32().ok()?;
    if length == -1 {
        return Some(None);
    }
    let (field, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(Some(field))
}

/// Encode a list or a tuple; nested ones are dimensions, and have to be of one length.
pub fn encode_array(
    element: &BuiltIn,
    value: &Bound<'_, PyAny>,
    out: &mut BytesMut,
) -> Result<(), Refusal> {
    let mut lengths = Vec::new();
    let mut inner = sequence(value).ok_or(Refusal::Expected("a list"))?;
    loop {
        if lengths.len() == MOST_DIMENSIONS {
            return Err(Refusal::Expected("an array of 6 dimensions at most"));
        }
        lengths.push(inner.len());
        match inner.iter().next().as_ref().and_then(sequence) {
            Some(first) => inner = first,
            None => break,
        }
    }
    if lengths.contains(&0) {
        if lengths.len() > 1 {
            return Err(Refusal::Expected("an array without empty lists inside"));
        }
        lengths.clear();
    }
    out.put_u32(lengths.len() as u32);
    let flags = out.len();
    out.put_u32(0);
    out.put_u32(element.oid);
    for length in &lengths {
        out.put_u32(u32::try_from(*length).map_err(|_| Refusal::Expected("a shorter array"))?);
        out.put_u32(1);
    }
    let mut nulls = false;
    if !lengths.is_empty() {
        put_level(element, value, &lengths, out, &mut nulls)?;
    }
    out[flags + 3] = u8::from(nulls);
    Ok(())
}

fn sequence<'py>(value: &Bound<'py, PyAny>) -> Option<Bound<'py, PyTuple>> {
    match value.cast::<PyTuple>() {
        Ok(value) => Some(value.clone()),
        Err(_) => value.cast::<PyList>().ok().map(|value| value.to_tuple()),
    }
}

fn put_level(
    element: &BuiltIn,
    value: &Bound<'_, PyAny>,
    lengths: &[usize],
    out: &mut BytesMut,
    nulls: &mut bool,
) -> Result<(), Refusal> {
    let Some((length, inner)) = lengths.split_first() else {
        return Ok(());
    };
    let values = sequence(value).filter(|values| values.len() == *length);
    let values = values.ok_or(Refusal::Expected("lists of one length and depth"))?;
    for value in values.iter() {
        if !inner.is_empty() {
            put_level(element, &value, inner, out, nulls)?;
        } else if value.is_none() {
            *nulls = true;
            out.put_i32(-1);
        } else {
            sized(element.kind, &value, out)?;
        }
    }
    Ok(())
}
