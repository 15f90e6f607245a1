//! `Place`, the descriptor of an attribute that has a place in its objects: reading one is a load of a pointer.

use pyo3::exceptions::PyAttributeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::Instance;
use crate::errors::UsageError;

/// An attribute of mapped objects, which `bind_to` gives its place in them.
///
/// A class beneath says what it is of the class, `expression(owner)`, and what is raised where an object does
/// not have a value, `missing(owner)`.
#[pyclass(subclass, frozen, module = "queryengine_orm._native")]
pub struct Place {
    bound: PyOnceLock<(Py<PyString>, usize)>,
}

impl Place {
    fn bound<'py>(&self, py: Python<'py>) -> PyResult<(&Bound<'py, PyString>, usize)> {
        let bound = self.bound.get(py);
        let (name, place) =
            bound.ok_or_else(|| UsageError::new_err("the attribute is of no mapped class"))?;
        Ok((name.bind(py), *place))
    }
}

#[pymethods]
impl Place {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords), text_signature = None)] // that of `__init__` counts
    fn new(_arguments: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            bound: PyOnceLock::new(),
        }
    }

    /// Say where in its objects the attribute of this name is; return whether it is there.
    fn bind_to(&self, name: Bound<'_, PyString>, index: usize) -> bool {
        let py = name.py();
        let (_, place) = self.bound.get_or_init(py, || (name.unbind(), index));
        *place == index
    }

    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        instance: Option<&Bound<'py, PyAny>>,
        owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let Some(instance) = instance else {
            return slf.call_method1(intern!(py, "expression"), (owner,));
        };
        let (name, place) = slf.get().bound(py)?;
        if let Some(value) = Instance::of(instance)?.value(place, name)? {
            return Ok(value);
        }
        let raised = slf.call_method1(intern!(py, "missing"), (instance.get_type(),))?;
        Err(PyErr::from_value(raised))
    }

    fn __set__<'py>(
        slf: &Bound<'py, Self>,
        instance: &Bound<'py, PyAny>,
        value: Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let (name, place) = slf.get().bound(slf.py())?;
        Instance::of(instance)?.change(place, name, value)
    }

    fn __delete__<'py>(slf: &Bound<'py, Self>, instance: &Bound<'py, PyAny>) -> PyResult<()> {
        let (name, place) = slf.get().bound(slf.py())?;
        if Instance::of(instance)?.remove(place, name)? {
            Ok(())
        } else {
            Err(PyAttributeError::new_err(name.clone().unbind()))
        }
    }
}
