//! Python's classes that values become, found once; and the values made of them.

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};

static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static ENUM: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static UUID: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static SAFETY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// `decimal.Decimal`
pub fn decimal(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    DECIMAL.import(py, "decimal", "Decimal")
}

/// `enum.Enum`
pub fn enumeration(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    ENUM.import(py, "enum", "Enum")
}

/// `uuid.UUID`
pub fn uuid(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    UUID.import(py, "uuid", "UUID")
}

/// The UUID of these bytes, made without its `__init__`, which would read text.
pub fn new_uuid(py: Python<'_>, bytes: u128) -> PyResult<Bound<'_, PyAny>> {
    let class = uuid(py)?;
    let safety = SAFETY.get_or_try_init(py, || {
        let safety = py.import("uuid")?.getattr("SafeUUID")?.getattr("unknown")?;
        Ok::<_, PyErr>(safety.unbind())
    })?;
    // SAFETY: `object.__new__` of a class of slots alone; each call gives an owned reference or an error.
    unsafe {
        let type_ = class.as_type_ptr();
        let made = Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(type_, 0))?;
        set(
            &made,
            intern!(py, "int"),
            &bytes.into_pyobject(py)?.into_any(),
        )?;
        set(&made, intern!(py, "is_safe"), safety.bind(py))?;
        Ok(made)
    }
}

/// What `object.__setattr__` does, whatever the class makes of it.
pub fn set(
    object: &Bound<'_, PyAny>,
    name: &Bound<'_, PyString>,
    value: &Bound<'_, PyAny>,
) -> PyResult<()> {
    // SAFETY: three live objects.
    let code =
        unsafe { ffi::PyObject_GenericSetAttr(object.as_ptr(), name.as_ptr(), value.as_ptr()) };
    if code == 0 {
        Ok(())
    } else {
        Err(PyErr::fetch(object.py()))
    }
}
