//! Values between Python and PostgreSQL's binary format: what each OID is, and who decodes and encodes it.
//!
//! A type that is not built in (an enum, citext, an extension's) travels as text: it is given as `str`, and a
//! parameter of it has to be a `str`, or an `enum.Enum` whose value is one. No query asks the server about types.

use bytes::BytesMut;
use pyo3::prelude::*;

pub mod classes;
pub mod clock;
mod kind;
mod parameters;
mod scalars;
pub mod stored;

pub use kind::{Kind, Shown};
pub use parameters::{IsNull, Parameters};

/// Decode one field, None for null. Raises `DataError` for what Python's type cannot hold, or malformed bytes.
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
        Kind::Float4 => scalars::float4(py, raw),
        Kind::Float8 => scalars::float8(py, raw),
        Kind::Bytea => scalars::bytes(py, raw),
        Kind::Text | Kind::Unknown => scalars::text(py, raw),
    }
}

/// Encode a value that is not None for a parameter of this kind: its bytes, without their length.
fn encode_some(kind: Kind, value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    match kind {
        Kind::Bool => scalars::encode_bool(value, out),
        Kind::Int2 => scalars::encode_integer::<i16>(value, out),
        Kind::Int4 => scalars::encode_integer::<i32>(value, out),
        Kind::Int8 => scalars::encode_integer::<i64>(value, out),
        Kind::Float4 => scalars::encode_float4(value, out),
        Kind::Float8 => scalars::encode_float8(value, out),
        Kind::Bytea => scalars::encode_bytes(value, out),
        Kind::Text | Kind::Unknown => scalars::encode_text(value, out),
    }
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
