//! Columns of what PostgreSQL sent.

use pyo3::prelude::*;

use super::c_data::Column;
use super::columns::{fixed_width, truth, variable_width};
use super::layout::Layout;
use crate::errors::DataError;
use crate::values::{Kind, decode, fixed, numbers, times};
use crate::wire_rows::WireRows;

/// Read the values of one column.
pub fn column(
    py: Python<'_>,
    rows: &WireRows,
    place: usize,
    kind: Kind,
    layout: Layout,
) -> PyResult<Column> {
    let fields = (0..rows.len()).map(|row| rows.fields(row).nth(place).flatten());
    match (layout, kind) {
        // What the caller wants to see of another type is made by Python.
        (Layout::Int64, Kind::Cast(..)) => fixed_width(fields, |raw| {
            let number = decode(py, kind, Some(raw))?.extract::<i64>();
            number.map_err(|_| DataError::new_err(("22003", "a number beyond 64 bits")))
        }),
        (Layout::Float64, Kind::Cast(..)) => {
            fixed_width(fields, |raw| decode(py, kind, Some(raw))?.extract::<f64>())
        }
        (Layout::Text, Kind::Text | Kind::Unknown) => variable_width(fields, |raw, out| {
            std::str::from_utf8(raw).map_err(|_| numbers::malformed("text: it is no UTF-8"))?;
            out.extend_from_slice(raw);
            Ok(())
        }),
        (Layout::Text, _) => variable_width(fields, |raw, out| {
            let text = decode(py, kind, Some(raw))?;
            out.extend_from_slice(text.extract::<&str>()?.as_bytes());
            Ok(())
        }),
        (Layout::Bool, _) => truth(fields, |raw| Ok(fixed::<1>(raw, "boolean")? != [0])),
        (Layout::Int16, _) => fixed_width(fields, numbers::int2),
        (Layout::Int32, _) => fixed_width(fields, numbers::int4),
        (Layout::Int64, _) => fixed_width(fields, numbers::int8),
        (Layout::UInt32, _) => fixed_width(fields, numbers::oid),
        (Layout::Float32, _) => fixed_width(fields, numbers::float4),
        (Layout::Float64, _) => fixed_width(fields, numbers::float8),
        (Layout::Bytes, _) => variable_width(fields, |raw, out| {
            out.extend_from_slice(raw);
            Ok(())
        }),
        (Layout::Date, _) => fixed_width(fields, times::unix_days),
        (Layout::Time, _) => fixed_width(fields, times::microseconds_of_day),
        (Layout::Timestamp | Layout::TimestampUtc, _) => {
            fixed_width(fields, times::unix_microseconds)
        }
        (Layout::Duration, _) => fixed_width(fields, times::microseconds_of_interval),
        (Layout::Uuid, _) => fixed_width(fields, |raw| fixed::<16>(raw, "uuid")),
    }
}
