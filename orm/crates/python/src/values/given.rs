//! What a caller gives for the parameters of a statement.

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyList, PyMemoryView, PySequence, PyString, PyTuple};

use crate::errors::ParameterError;
use crate::row::Row;

/// The parameters as a tuple, which nobody changes while they are encoded.
///
/// Raises `ParameterError` for what has no order or is one value, as a set or a text: to go through that would
/// give other parameters than were meant.
#[pyfunction]
pub fn given<'py>(parameters: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    if let Ok(parameters) = parameters.cast_exact::<PyTuple>() {
        return Ok(parameters.clone());
    }
    if let Ok(parameters) = parameters.cast::<PyList>() {
        return Ok(parameters.to_tuple());
    }
    let is_one_value = parameters.is_instance_of::<PyString>()
        || parameters.is_instance_of::<PyBytes>()
        || parameters.is_instance_of::<PyByteArray>()
        || parameters.is_instance_of::<PyMemoryView>();
    if let Ok(sequence) = parameters.cast::<PySequence>()
        && !is_one_value
    {
        return sequence.to_tuple();
    }
    if let Ok(row) = parameters.cast::<Row>() {
        return PyTuple::new(row.py(), row.try_iter()?.collect::<PyResult<Vec<_>>>()?);
    }
    let words = format!(
        "the parameters are a list or a tuple, in the order of their numbers, not {}",
        parameters.get_type().name()?
    );
    Err(ParameterError::new_err(words))
}
