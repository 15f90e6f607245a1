//! JSON by Python's own `json`, held to what is exact: what it would round to infinity, drop or rename is an error.

use pyo3::exceptions::{PyException, PyRecursionError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyFloat, PyList, PyString, PyTuple};
use pyo3::{intern, wrap_pyfunction};

use super::Refusal;
use crate::errors::DataError;

static DECODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static ENCODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Read JSON. Of two keys of one name the last counts, as it does for PostgreSQL.
///
/// Raises `DataError` for what is no JSON or is nested too deep, and for numbers that Python has only near ones of.
pub fn loads<'py>(text: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = text.py();
    let decode = DECODE.get_or_try_init(py, || {
        let settings = PyDict::new(py);
        settings.set_item("parse_float", wrap_pyfunction!(read_float, py)?)?;
        settings.set_item("parse_constant", wrap_pyfunction!(refuse_constant, py)?)?;
        made(py, "JSONDecoder", &settings, "decode")
    })?;
    decode.bind(py).call1((text,)).map_err(|error| {
        let reason = if error.is_instance_of::<PyRecursionError>(py) {
            "it is nested too deep".to_owned()
        } else if error.is_instance_of::<PyValueError>(py) {
            error.value(py).to_string()
        } else {
            return error;
        };
        DataError::new_err(("22032", format!("no JSON that Python holds: {reason}")))
    })
}

/// Write JSON: short, exact, and nothing that JSON does not have.
pub fn dumps<'py>(value: &Bound<'py, PyAny>) -> Result<Bound<'py, PyString>, Refusal> {
    let py = value.py();
    let encode = ENCODE.get_or_try_init(py, || {
        let settings = PyDict::new(py);
        settings.set_item("ensure_ascii", false)?;
        settings.set_item("allow_nan", false)?;
        settings.set_item("separators", (",", ":"))?;
        made(py, "JSONEncoder", &settings, "encode")
    })?;
    let text = encode.bind(py).call1((value,)).map_err(|error| {
        if error.is_instance_of::<PyException>(py) {
            Refusal::Expected("what JSON can hold")
        } else {
            Refusal::Raised(error) // KeyboardInterrupt and the like are not about the value
        }
    })?;
    if !has_text_keys(value) {
        return Err(Refusal::Expected("objects whose keys are text"));
    }
    let text = text.cast_into::<PyString>().map_err(PyErr::from)?;
    if text.to_str().is_err() {
        return Err(Refusal::Expected("text without lone surrogates"));
    }
    Ok(text)
}

fn made(
    py: Python<'_>,
    class: &str,
    settings: &Bound<'_, PyDict>,
    method: &str,
) -> PyResult<Py<PyAny>> {
    let made = py
        .import(intern!(py, "json"))?
        .getattr(class)?
        .call((), Some(settings))?;
    Ok(made.getattr(method)?.unbind())
}

/// `json` writes keys that are numbers as text. Looks without recursion: a value may be deep.
fn has_text_keys(value: &Bound<'_, PyAny>) -> bool {
    let mut rest = vec![value.clone()];
    while let Some(value) = rest.pop() {
        if let Ok(object) = value.cast::<PyDict>() {
            for (key, value) in object.iter() {
                if !key.is_instance_of::<PyString>() {
                    return false;
                }
                rest.push(value);
            }
        } else if let Ok(array) = value.cast::<PyList>() {
            rest.extend(array.iter());
        } else if let Ok(array) = value.cast::<PyTuple>() {
            rest.extend(array.iter());
        }
    }
    true
}

#[pyfunction]
fn read_float<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyFloat>> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(PyFloat::new(py, number)),
        _ => Err(PyValueError::new_err("a number beyond those of a float")),
    }
}

#[pyfunction]
fn refuse_constant(name: &str) -> PyResult<()> {
    Err(PyValueError::new_err(format!(
        "{name} is none of its numbers"
    )))
}
