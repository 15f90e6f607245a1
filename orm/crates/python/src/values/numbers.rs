//! Numbers of PostgreSQL's binary format, of a fixed width each.

use pyo3::prelude::*;

use crate::errors::DataError;

/// A field of the wrong length: PostgreSQL does not send it.
pub fn malformed(what: &'static str) -> PyErr {
    DataError::new_err(("22P03", format!("the server sent malformed {what}")))
}

/// A field of a fixed number of bytes.
pub fn fixed<const N: usize>(raw: &[u8], what: &'static str) -> PyResult<[u8; N]> {
    raw.try_into().map_err(|_| malformed(what))
}

/// A `smallint`.
pub fn int2(raw: &[u8]) -> PyResult<i16> {
    Ok(i16::from_be_bytes(fixed(raw, "smallint")?))
}

/// An `integer`.
pub fn int4(raw: &[u8]) -> PyResult<i32> {
    Ok(i32::from_be_bytes(fixed(raw, "integer")?))
}

/// A `bigint`.
pub fn int8(raw: &[u8]) -> PyResult<i64> {
    Ok(i64::from_be_bytes(fixed(raw, "bigint")?))
}

/// An `oid`.
pub fn oid(raw: &[u8]) -> PyResult<u32> {
    Ok(u32::from_be_bytes(fixed(raw, "oid")?))
}

/// A `real`.
pub fn float4(raw: &[u8]) -> PyResult<f32> {
    Ok(f32::from_be_bytes(fixed(raw, "real")?))
}

/// A `double precision`.
pub fn float8(raw: &[u8]) -> PyResult<f64> {
    Ok(f64::from_be_bytes(fixed(raw, "double precision")?))
}
