//! A column of numbers as one buffer, without an object for each.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyType};
use queryengine_sqlite::Cell;

use crate::columns::Kinds;
use crate::errors::{DataError, UsageError};
use crate::rows::{Batch, Store};
use crate::values::stored::{float_of, integer_of};
use crate::values::{Kind, Shown, numbers};

static ARRAY: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// Return a column of integers as `array("q")`, of floats as `array("d")`.
///
/// Raises `UsageError` for a column of something else, `DataError` for a null, which is no number.
pub fn buffer<'py>(py: Python<'py>, batch: &Batch, column: usize) -> PyResult<Bound<'py, PyAny>> {
    let (code, bytes) = match (&batch.store, batch.columns.kinds()) {
        (Store::Wire(rows), Kinds::Wire(kinds)) => {
            let fields = (0..rows.len()).map(|row| rows.fields(row).nth(column).flatten());
            match kinds[column] {
                Kind::Int2 => ("q", integers(fields, |raw| Ok(numbers::int2(raw)?.into()))?),
                Kind::Int4 => ("q", integers(fields, |raw| Ok(numbers::int4(raw)?.into()))?),
                Kind::Int8 => ("q", integers(fields, numbers::int8)?),
                Kind::Float4 => ("d", floats(fields, |raw| Ok(numbers::float4(raw)?.into()))?),
                Kind::Float8 => ("d", floats(fields, numbers::float8)?),
                _ => return Err(no_numbers()),
            }
        }
        (Store::Cells(cells), Kinds::Stored(kinds)) => {
            let found = (0..cells.len()).map(|row| match cells.get(row, column) {
                Cell::Null => None,
                cell => Some(cell),
            });
            match kinds[column] {
                Some(Shown::Int) => ("q", integers(found, integer_of)?),
                Some(Shown::Float) => ("d", floats(found, float_of)?),
                _ => return Err(no_numbers()),
            }
        }
        _ => return Err(no_numbers()),
    };
    ARRAY
        .import(py, "array", "array")?
        .call1((code, PyBytes::new(py, &bytes)))
}

fn integers<T>(
    values: impl Iterator<Item = Option<T>>,
    read: impl Fn(T) -> PyResult<i64>,
) -> PyResult<Vec<u8>> {
    let mut out = Vec::with_capacity(values.size_hint().0 * 8);
    for value in values {
        out.extend_from_slice(&read(value.ok_or_else(null)?)?.to_ne_bytes());
    }
    Ok(out)
}

fn floats<T>(
    values: impl Iterator<Item = Option<T>>,
    read: impl Fn(T) -> PyResult<f64>,
) -> PyResult<Vec<u8>> {
    let mut out = Vec::with_capacity(values.size_hint().0 * 8);
    for value in values {
        out.extend_from_slice(&read(value.ok_or_else(null)?)?.to_ne_bytes());
    }
    Ok(out)
}

fn no_numbers() -> PyErr {
    UsageError::new_err("only a column of the kind int or float is a buffer of numbers")
}

fn null() -> PyErr {
    DataError::new_err(("22004", "the column has a null, which is no number"))
}
