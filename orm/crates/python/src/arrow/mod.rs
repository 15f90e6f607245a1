//! Rows as Arrow: the PyCapsule interface, by which pyarrow, polars, DuckDB and others take them without a copy.
//!
//! The values are copied out of the rows once, when a consumer asks; it may outlive the rows.

use std::ffi::CString;

use pyo3::prelude::*;
use pyo3::types::PyCapsule;

mod c_data;
mod columns;
mod layout;
mod stored;
mod wire;

use self::c_data::{Array, Column, Field, Schema, Stream};
use self::layout::Layout;
use crate::columns::Kinds;
use crate::errors::UsageError;
use crate::rows::{Batch, Store};

/// The types of the columns as an `ArrowSchema`. Raises `UsageError` for a column that Arrow has no type for.
pub fn schema<'py>(py: Python<'py>, batch: &Batch) -> PyResult<Bound<'py, PyCapsule>> {
    let fields = fields(py, batch, &layouts(batch)?)?;
    PyCapsule::new_with_value(py, Schema::of(&fields), c"arrow_schema")
}

/// The rows as an `ArrowArrayStream` of one array. Raises as `schema` does, `DataError` as reading a value does.
pub fn stream<'py>(py: Python<'py>, batch: &Batch) -> PyResult<Bound<'py, PyCapsule>> {
    let layouts = layouts(batch)?;
    let columns = layouts
        .iter()
        .enumerate()
        .map(|(place, layout)| {
            column(py, batch, place, *layout).map_err(|error| batch.columns.named(py, place, error))
        })
        .collect::<PyResult<_>>()?;
    let array = Array::of(batch.len(), columns);
    let stream = Stream::of(fields(py, batch, &layouts)?, array);
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}

fn layouts(batch: &Batch) -> PyResult<Vec<Layout>> {
    match batch.columns.kinds() {
        Kinds::Wire(kinds) => each(kinds, |kind| Layout::of_wire(*kind)),
        Kinds::Stored(kinds) => each(kinds, |shown| shown.and_then(Layout::of_stored)),
    }
}

fn each<T>(kinds: &[T], layout: impl Fn(&T) -> Option<Layout>) -> PyResult<Vec<Layout>> {
    let found = kinds.iter().enumerate().map(|(place, kind)| {
        layout(kind).ok_or_else(|| {
            let place = place + 1;
            UsageError::new_err(format!(
                "column {place} has no Arrow type; name another kind for it in `result`, such as \"text\""
            ))
        })
    });
    found.collect()
}

fn fields(py: Python<'_>, batch: &Batch, layouts: &[Layout]) -> PyResult<Vec<Field>> {
    let names = batch.columns.names(py).iter();
    let fields = names.zip(layouts).map(|(name, layout)| {
        Ok(Field {
            name: CString::new(name.extract::<String>()?)
                .map_err(|_| UsageError::new_err("a column's name has a NUL in it"))?,
            format: layout.format(),
            extension: layout.extension(),
        })
    });
    fields.collect()
}

fn column(py: Python<'_>, batch: &Batch, place: usize, layout: Layout) -> PyResult<Column> {
    match (&batch.store, batch.columns.kinds()) {
        (Store::Wire(rows), Kinds::Wire(kinds)) => {
            wire::column(py, rows, place, kinds[place], layout)
        }
        (Store::Cells(cells), _) => stored::column(cells, place, layout),
        _ => Err(layout::odd()),
    }
}
