//! Ranges and multiranges: `queryengine_orm.ranges.Range`, and lists of it.

use bytes::{Buf, BufMut, BytesMut};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};

use super::arrays::take_field;
use super::kind::BuiltIn;
use super::numbers::malformed;
use super::{Refusal, decode, sized};

const EMPTY: u8 = 0x01;
const LOWER_INCLUSIVE: u8 = 0x02;
const UPPER_INCLUSIVE: u8 = 0x04;
const LOWER_INFINITE: u8 = 0x08;
const UPPER_INFINITE: u8 = 0x10;

static RANGE: PyOnceLock<Py<PyType>> = PyOnceLock::new();

fn class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    RANGE.import(py, "queryengine_orm.ranges", "Range")
}

/// Decode to a `Range`; a bound that there is none of is None.
pub fn decode_range<'py>(
    py: Python<'py>,
    element: &BuiltIn,
    raw: &[u8],
) -> PyResult<Bound<'py, PyAny>> {
    let wrong = || malformed("range");
    let (flags, mut rest) = raw.split_first().ok_or_else(wrong)?;
    let mut bound = |infinite: u8| {
        if flags & (EMPTY | infinite) != 0 {
            return Ok(py.None().into_bound(py));
        }
        let raw = take_field(&mut rest).flatten().ok_or_else(wrong)?;
        decode(py, element.kind, Some(raw))
    };
    let (lower, upper) = (bound(LOWER_INFINITE)?, bound(UPPER_INFINITE)?);
    if !rest.is_empty() {
        return Err(wrong());
    }
    let settings = PyDict::new(py);
    settings.set_item(intern!(py, "lower_inclusive"), flags & LOWER_INCLUSIVE != 0)?;
    settings.set_item(intern!(py, "upper_inclusive"), flags & UPPER_INCLUSIVE != 0)?;
    settings.set_item(intern!(py, "empty"), flags & EMPTY != 0)?;
    class(py)?.call((lower, upper), Some(&settings))
}

/// Decode to a list of `Range`.
pub fn decode_multirange<'py>(
    py: Python<'py>,
    element: &BuiltIn,
    raw: &[u8],
) -> PyResult<Bound<'py, PyAny>> {
    let wrong = || malformed("multirange");
    let mut rest = raw;
    let list = PyList::empty(py);
    for _ in 0..rest.try_get_u32().map_err(|_| wrong())? {
        let raw = take_field(&mut rest).flatten().ok_or_else(wrong)?;
        list.append(decode_range(py, element, raw)?)?;
    }
    if rest.is_empty() {
        Ok(list.into_any())
    } else {
        Err(wrong())
    }
}

/// Encode a `Range`.
pub fn encode_range(
    element: &BuiltIn,
    value: &Bound<'_, PyAny>,
    out: &mut BytesMut,
) -> Result<(), Refusal> {
    let py = value.py();
    if !value.is_instance(class(py)?)? {
        return Err(Refusal::Expected("a Range"));
    }
    let is = |name| value.getattr(name)?.is_truthy();
    if is(intern!(py, "empty"))? {
        out.put_u8(EMPTY);
        return Ok(());
    }
    let (lower, upper) = (
        value.getattr(intern!(py, "lower"))?,
        value.getattr(intern!(py, "upper"))?,
    );
    let mut flags = 0;
    for (bound, infinite, inclusive, name) in [
        (
            &lower,
            LOWER_INFINITE,
            LOWER_INCLUSIVE,
            intern!(py, "lower_inclusive"),
        ),
        (
            &upper,
            UPPER_INFINITE,
            UPPER_INCLUSIVE,
            intern!(py, "upper_inclusive"),
        ),
    ] {
        if bound.is_none() {
            flags |= infinite;
        } else if is(name)? {
            flags |= inclusive;
        }
    }
    out.put_u8(flags);
    for bound in [lower, upper] {
        if !bound.is_none() {
            sized(element.kind, &bound, out)?;
        }
    }
    Ok(())
}

/// Encode a list or a tuple of `Range`.
pub fn encode_multirange(
    element: &BuiltIn,
    value: &Bound<'_, PyAny>,
    out: &mut BytesMut,
) -> Result<(), Refusal> {
    if !value.is_instance_of::<PyList>() && !value.is_instance_of::<PyTuple>() {
        return Err(Refusal::Expected("a list of Range"));
    }
    let ranges = value.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    out.put_u32(u32::try_from(ranges.len()).map_err(|_| Refusal::Expected("a shorter list"))?);
    for range in ranges {
        let start = out.len();
        out.put_i32(0);
        encode_range(element, &range, out)?;
        super::put_length(start, out)?;
    }
    Ok(())
}
