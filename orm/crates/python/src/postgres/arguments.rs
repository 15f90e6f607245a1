//! What Python hands over for a call, as it is kept: tuples, which no code that runs meanwhile can change.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::values::given::given;

/// The parameters as a tuple; a list is copied, as encoding may run code that changes it.
pub(super) fn tuple(py: Python<'_>, values: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTuple>> {
    let values = values.map_or_else(|| Ok(PyTuple::empty(py)), given)?;
    Ok(values.unbind())
}

/// Rows of parameters.
pub(super) fn tuples(rows: &Bound<'_, PyAny>) -> PyResult<Vec<Py<PyTuple>>> {
    let py = rows.py();
    rows.try_iter()?.map(|row| tuple(py, Some(&row?))).collect()
}
