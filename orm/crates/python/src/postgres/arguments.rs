//! What Python hands over for a call, as it is kept: tuples, which no code that runs meanwhile can change.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

/// The parameters as a tuple; a list is copied, as encoding may run code that changes it.
pub(super) fn tuple(py: Python<'_>, values: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTuple>> {
    let Some(values) = values else {
        return Ok(PyTuple::empty(py).unbind());
    };
    if let Ok(values) = values.cast_exact::<PyTuple>() {
        return Ok(values.clone().unbind());
    }
    if let Ok(values) = values.cast::<PyList>() {
        return Ok(values.to_tuple().unbind());
    }
    let values = values.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    Ok(PyTuple::new(py, values)?.unbind())
}

/// Rows of parameters.
pub(super) fn tuples(rows: &Bound<'_, PyAny>) -> PyResult<Vec<Py<PyTuple>>> {
    let py = rows.py();
    rows.try_iter()?.map(|row| tuple(py, Some(&row?))).collect()
}
