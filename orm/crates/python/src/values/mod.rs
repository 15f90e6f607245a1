//! Values between Python and PostgreSQL's binary format: what each OID is, and who decodes and encodes it.
//!
//! A type that is not built in (an enum, citext, an extension's) travels as text: it is given as `str`, and a
//! parameter of it has to be a `str`, or an `enum.Enum` whose value is one. No query asks the server about types.

use bytes::{BufMut, BytesMut};
use pyo3::prelude::*;
use pyo3::types::PyFloat;

use crate::errors::DataError;

mod arrays;
pub mod classes;
pub mod clock;
pub mod given;
mod json;
mod kind;
mod network;
pub(crate) mod numbers;
mod numeric;
mod parameters;
mod ranges;
mod repeats;
mod scalars;
mod shown;
pub mod stored;
pub(crate) mod times;

pub use kind::Kind;
pub use numbers::fixed;
pub use parameters::{IsNull, Parameters};
pub use repeats::Repeats;
pub use shown::Shown;

/// Decode one field, None for null. Raises `DataError` for what Python's type cannot hold, or malformed bytes.
#[inline]
pub fn decode<'py>(py: Python<'py>, kind: Kind, raw: Option<&[u8]>) -> PyResult<Bound<'py, PyAny>> {
    match raw {
        None => Ok(py.None().into_bound(py)),
        Some(raw) => decode_some(py, kind, raw),
    }
}

fn decode_some<'py>(py: Python<'py>, kind: Kind, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    match kind {
        Kind::Bool => scalars::bool(py, raw),
        Kind::Int2 => scalars::int2(py, raw),
        Kind::Int4 => scalars::int4(py, raw),
        Kind::Int8 => scalars::int8(py, raw),
        Kind::Oid => scalars::oid(py, raw),
        Kind::Float4 => scalars::float4(py, raw),
        Kind::Float8 => scalars::float8(py, raw),
        Kind::Numeric => numeric::decode(py, raw),
        Kind::Bytea => scalars::bytes(py, raw),
        Kind::Text | Kind::Unknown => scalars::text(py, raw),
        Kind::Char => scalars::char(py, raw),
        Kind::Date => times::date(py, raw),
        Kind::Time => times::time(py, raw),
        Kind::TimeTz => times::timetz(py, raw),
        Kind::Timestamp => times::timestamp(py, raw),
        Kind::TimestampTz => times::timestamptz(py, raw),
        Kind::Interval => times::interval(py, raw),
        Kind::Uuid => scalars::uuid(py, raw),
        Kind::Json => json::loads(&scalars::text(py, raw)?),
        Kind::Jsonb => json::loads(&scalars::text(py, scalars::version_one(raw)?)?),
        Kind::Inet => network::decode(py, raw, false),
        Kind::Cidr => network::decode(py, raw, true),
        Kind::Void => Ok(py.None().into_bound(py)),
        Kind::Array(element) => arrays::decode_array(py, element, raw),
        Kind::Range(element) => ranges::decode_range(py, element, raw),
        Kind::MultiRange(element) => ranges::decode_multirange(py, element, raw),
        Kind::Cast(kind, shown) => cast(py, *kind, shown, raw),
    }
}

/// Show a value as the caller wants it, where that is exact.
fn cast<'py>(py: Python<'py>, kind: Kind, shown: Shown, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    match (kind, shown) {
        (Kind::Json, Shown::Text) => scalars::text(py, raw),
        (Kind::Jsonb, Shown::Text) => scalars::text(py, scalars::version_one(raw)?),
        (_, Shown::Json) => json::loads(&scalars::text(py, raw)?),
        (_, Shown::Decimal) => classes::decimal(py)?.call1((decode_some(py, kind, raw)?,)),
        (_, Shown::Float) => Ok(PyFloat::new(
            py,
            decode_some(py, kind, raw)?
                .call_method0("__float__")?
                .extract()?,
        )
        .into_any()),
        _ => {
            let value = decode_some(py, kind, raw)?;
            let whole = value.call_method0("is_finite")?.is_truthy()?
                && value.eq(value.call_method0("to_integral_value")?)?;
            if !whole {
                return Err(DataError::new_err((
                    "22003",
                    "a number that is not whole, where an integer is wanted",
                )));
            }
            value.call_method0("__int__")
        }
    }
}

/// Encode a value that is not None for a parameter of this kind: its bytes, without their length.
fn encode_some(kind: Kind, value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    match kind {
        Kind::Bool => scalars::encode_bool(value, out),
        Kind::Int2 => scalars::encode_integer::<i16>(value, out),
        Kind::Int4 => scalars::encode_integer::<i32>(value, out),
        Kind::Int8 => scalars::encode_integer::<i64>(value, out),
        Kind::Oid => scalars::encode_integer::<u32>(value, out),
        Kind::Float4 => scalars::encode_float4(value, out),
        Kind::Float8 => scalars::encode_float8(value, out),
        Kind::Numeric => numeric::encode(value, out),
        Kind::Bytea => scalars::encode_bytes(value, out),
        Kind::Text => scalars::encode_text(value, out),
        Kind::Unknown => scalars::encode_unknown(value, out),
        Kind::Char => scalars::encode_char(value, out),
        Kind::Date => times::encode_date(value, out),
        Kind::Time => times::encode_time(value, false, out),
        Kind::TimeTz => times::encode_time(value, true, out),
        Kind::Timestamp => times::encode_timestamp(value, false, out),
        Kind::TimestampTz => times::encode_timestamp(value, true, out),
        Kind::Interval => times::encode_interval(value, out),
        Kind::Uuid => scalars::encode_uuid(value, out),
        Kind::Json => scalars::encode_json(value, out),
        Kind::Jsonb => {
            out.put_u8(1);
            scalars::encode_json(value, out)
        }
        Kind::Inet => network::encode(value, false, out),
        Kind::Cidr => network::encode(value, true, out),
        Kind::Void => Err(Refusal::Expected("no value")),
        Kind::Array(element) => arrays::encode_array(element, value, out),
        Kind::Range(element) => ranges::encode_range(element, value, out),
        Kind::MultiRange(element) => ranges::encode_multirange(element, value, out),
        Kind::Cast(kind, _) => encode_some(*kind, value, out),
    }
}

/// Encode a value that is not None behind its length.
fn sized(kind: Kind, value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    let start = out.len();
    out.put_i32(0);
    encode_some(kind, value, out)?;
    put_length(start, out)
}

/// Write the length of what follows it at `start`.
fn put_length(start: usize, out: &mut BytesMut) -> Result<(), Refusal> {
    let length =
        i32::try_from(out.len() - start - 4).map_err(|_| Refusal::Expected("less than 2 GiB"))?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// Why a value is no parameter of its type.
#[derive(Debug)]
pub enum Refusal {
    /// The value is of another type, or outside of the type's domain; what would be one.
    Expected(&'static str),
    /// Python itself raised.
    Raised(PyErr),
}

impl From<PyErr> for Refusal {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

/// Decode one value of PostgreSQL's binary format (a built-in type), or text; for tests and tools.
#[pyfunction]
pub fn decode_value<'py>(
    py: Python<'py>,
    oid: u32,
    raw: Option<&[u8]>,
) -> PyResult<Bound<'py, PyAny>> {
    decode(py, Kind::of_oid(oid), raw)
}

/// Whether values of this type travel in PostgreSQL's binary format; those of all others are text.
#[pyfunction]
pub fn is_binary(oid: u32) -> bool {
    Kind::of_oid(oid).format() == 1
}

/// Encode one value as a parameter of this type, in the format that `decode_value` reads.
#[pyfunction]
pub fn encode_value<'py>(value: &Bound<'py, PyAny>, oid: u32) -> PyResult<Option<Vec<u8>>> {
    let mut out = BytesMut::new();
    let null = Parameters::new(&[oid]).encode_one(0, value, &mut out)?;
    Ok((null == IsNull::No).then(|| out.to_vec()))
}
