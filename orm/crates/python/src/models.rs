//! Objects of mapped classes, filled straight from rows: allocated without `__init__`, attribute by attribute.

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyType};
use pyo3::{PyTraverseError, PyVisit};

use crate::errors::UsageError;
use crate::rows::Batch;
use crate::values::classes;

/// Where a column's value goes, and what it becomes on the way.
struct Field {
    name: Py<PyString>,
    convert: Option<Py<PyAny>>,
    place: Place,
}

/// How an attribute is set without code of the class.
enum Place {
    /// By the class's slot.
    Slot(Py<PyAny>),
    /// Where Python keeps attributes of instances: no dict has to be made for it.
    Instance,
    /// In the dict: the class has a descriptor of this name, which would be called otherwise.
    Dict,
}

/// How rows become objects of a class; made once per statement.
///
/// `names` are the attributes of the first columns, in order; `converters` are functions of a value that is
/// not None, or None where it stays as it is. An object is made without `__init__`, and its attributes are
/// set without `__setattr__`: into the class's slots where it has them, otherwise into the instance.
#[pyclass(frozen, module = "queryengine_orm._native")]
pub struct ModelShape {
    class: Py<PyType>,
    fields: Vec<Field>,
}

#[pymethods]
impl ModelShape {
    #[new]
    #[pyo3(signature = (class_, names, converters=None))]
    fn new(
        class_: Bound<'_, PyType>,
        names: Vec<Bound<'_, PyString>>,
        converters: Option<Vec<Option<Py<PyAny>>>>,
    ) -> PyResult<Self> {
        let py = class_.py();
        check(&class_)?;
        let converters = converters.unwrap_or_else(|| names.iter().map(|_| None).collect());
        if converters.len() != names.len() {
            return Err(UsageError::new_err(
                "there is one converter, or None, for each name",
            ));
        }
        let mut fields = Vec::with_capacity(names.len());
        for (name, convert) in names.into_iter().zip(converters) {
            let place = place(&class_, &name)?;
            let name = PyString::intern(py, name.to_str()?).unbind();
            fields.push(Field {
                name,
                convert,
                place,
            });
        }
        Ok(Self {
            class: class_.unbind(),
            fields,
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.class)?;
        for field in &self.fields {
            visit.call(&field.convert)?;
            if let Place::Slot(slot) = &field.place {
                visit.call(slot)?;
            }
        }
        Ok(())
    }
}

/// An instance has to be what `object.__new__` makes: no built-in class beneath that wants more.
fn check(class: &Bound<'_, PyType>) -> PyResult<()> {
    let py = class.py();
    let base = class.getattr(intern!(py, "__new__"))?;
    let object = py.get_type::<PyAny>().getattr(intern!(py, "__new__"))?;
    if base.is(&object) {
        return Ok(());
    }
    Err(PyTypeError::new_err(format!(
        "{} has a __new__ of its own",
        class.name()?
    )))
}

/// What the class has of this name decides.
fn place(class: &Bound<'_, PyType>, name: &Bound<'_, PyString>) -> PyResult<Place> {
    let py = class.py();
    for parent in class.mro().iter() {
        let Ok(found) = parent.getattr(intern!(py, "__dict__"))?.get_item(name) else {
            continue;
        };
        if found.get_type().name()?.to_str()? == "member_descriptor" {
            return Ok(Place::Slot(found.unbind()));
        }
        let described = found.get_type().hasattr(intern!(py, "__set__"))?;
        return Ok(if described {
            Place::Dict
        } else {
            Place::Instance
        });
    }
    Ok(Place::Instance)
}

impl ModelShape {
    /// Make an object of each row. The collector is paused meanwhile: it would look at every object again and again.
    pub fn models<'py>(&self, py: Python<'py>, batch: &Batch) -> PyResult<Bound<'py, PyList>> {
        if batch.columns.len() < self.fields.len() {
            return Err(UsageError::new_err(
                "the rows have fewer columns than the shape has names",
            ));
        }
        let _paused = Paused::new();
        let models = PyList::empty(py);
        for row in 0..batch.len() {
            models.append(self.model(py, batch, row)?)?;
        }
        Ok(models)
    }

    fn model<'py>(
        &self,
        py: Python<'py>,
        batch: &Batch,
        row: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: `check` saw that the class is made by `object.__new__`, which allocates just so.
        let made = unsafe {
            let class = self.class.bind(py).as_type_ptr();
            Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(class, 0))?
        };
        batch.each(py, row, |index, value| {
            let Some(field) = self.fields.get(index) else {
                return Ok(());
            };
            let value = match &field.convert {
                Some(convert) if !value.is_none() => convert.bind(py).call1((value,))?,
                _ => value,
            };
            match &field.place {
                Place::Slot(slot) => set_slot(slot.bind(py), &made, &value),
                Place::Instance => classes::set(&made, field.name.bind(py), &value),
                Place::Dict => dict_of(&made)?.set_item(&field.name, value),
            }
        })?;
        Ok(made)
    }
}

fn dict_of<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    // SAFETY: a live object; the call gives an owned reference, or an error where the class has no dict.
    let dict = unsafe {
        let dict = ffi::PyObject_GenericGetDict(object.as_ptr(), std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(object.py(), dict)?
    };
    Ok(dict.cast_into::<PyDict>()?)
}

fn set_slot(
    slot: &Bound<'_, PyAny>,
    object: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
) -> PyResult<()> {
    // SAFETY: a member descriptor has the setter, which checks that the object is of its class.
    let code = unsafe {
        match (*(*slot.as_ptr()).ob_type).tp_descr_set {
            Some(set) => set(slot.as_ptr(), object.as_ptr(), value.as_ptr()),
            None => return Err(PyTypeError::new_err("a slot that cannot be set")),
        }
    };
    if code == 0 {
        Ok(())
    } else {
        Err(PyErr::fetch(object.py()))
    }
}

/// The collector does not run while this lives, and goes on after it, whatever happens.
pub struct Paused(bool);

impl Default for Paused {
    fn default() -> Self {
        Self::new()
    }
}

impl Paused {
    /// Pause it, if it runs.
    pub fn new() -> Self {
        // SAFETY: the caller is attached to the interpreter, and stays so.
        Self(unsafe { ffi::PyGC_Disable() } == 1)
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        if self.0 {
            // SAFETY: as above.
            unsafe { ffi::PyGC_Enable() };
        }
    }
}
