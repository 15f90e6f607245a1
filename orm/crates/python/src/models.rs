//! Objects of classes, filled straight from rows: allocated without `__init__`, attribute by attribute.

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyType};
use pyo3::{PyTraverseError, PyVisit};

use crate::columns::Columns;
use crate::errors::UsageError;
use crate::instances::memory::{self, Layout};
use crate::rows::Batch;
use crate::values::{Repeats, classes};
use crate::wire_rows::Fields;

/// Where a column's value goes, and what it becomes on the way.
struct Field {
    name: Py<PyString>,
    convert: Option<Py<PyAny>>,
    place: Place,
}

/// How an attribute is set without code of the class.
enum Place {
    /// In the memory of a mapped object.
    Own(usize),
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
/// set without `__setattr__`: into their places where the class is a mapped one, into its slots where it has
/// them, otherwise into the instance.
#[pyclass(frozen, module = "queryengine_orm._native")]
pub struct ModelShape {
    class: Py<PyType>,
    fields: Vec<Field>,
    /// How many places a mapped object has.
    size: isize,
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
        let is_mapped = check(&class_)?;
        let converters = converters.unwrap_or_else(|| names.iter().map(|_| None).collect());
        if converters.len() != names.len() {
            return Err(UsageError::new_err(
                "there is one converter, or None, for each name",
            ));
        }
        let mut fields = Vec::with_capacity(names.len());
        for (name, convert) in names.into_iter().zip(converters) {
            let place = match own_place(&class_, &name, is_mapped)? {
                Some(place) => Place::Own(place),
                None => place(&class_, &name)?,
            };
            let name = PyString::intern(py, name.to_str()?).unbind();
            fields.push(Field {
                name,
                convert,
                place,
            });
        }
        Ok(Self {
            size: if is_mapped {
                memory::count_of(&class_)?
            } else {
                0
            },
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

/// An instance has to be what `object.__new__` makes, or that of mapped classes: whether it is the latter.
fn check(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let py = class.py();
    let new = intern!(py, "__new__");
    let base = class.getattr(new)?;
    if base.is(&memory::class(py)?.getattr(new)?) {
        return Ok(true);
    }
    if base.is(&py.get_type::<PyAny>().getattr(new)?) {
        return Ok(false);
    }
    Err(PyTypeError::new_err(format!(
        "{} has a __new__ of its own",
        class.name()?
    )))
}

/// Where mapped objects have the attribute of this name.
fn own_place(
    class: &Bound<'_, PyType>,
    name: &Bound<'_, PyString>,
    is_mapped: bool,
) -> PyResult<Option<usize>> {
    if !is_mapped {
        return Ok(None);
    }
    let places = class.getattr(intern!(class.py(), "__places__"))?;
    match places.cast::<PyDict>()?.get_item(name)? {
        Some(place) => Ok(Some(place.extract()?)),
        None => Ok(None),
    }
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
        let mut repeats = Repeats::default();
        let mut models = Vec::with_capacity(batch.len());
        for row in 0..batch.len() {
            let made = self.allocate(py)?;
            batch.each(py, row, &mut repeats, |index, value| {
                self.fill(&made, index, value)
            })?;
            models.push(self.rested(made));
        }
        PyList::new(py, models)
    }

    /// Whether no code that is written in Python runs where objects are made.
    pub fn is_plain(&self) -> bool {
        self.fields.iter().all(|field| field.convert.is_none())
    }

    /// Make an object of one row.
    pub fn model<'py>(
        &self,
        py: Python<'py>,
        columns: &Columns,
        fields: Fields<'_>,
        repeats: &mut Repeats,
    ) -> PyResult<Bound<'py, PyAny>> {
        let made = self.allocate(py)?;
        columns.each_field(py, fields, repeats, |index, value| {
            self.fill(&made, index, value)
        })?;
        Ok(self.rested(made))
    }

    /// A mapped object that holds numbers, texts and the like can be part of no ring: the collector, which would
    /// walk over all of them again and again, sees it only once it is changed.
    fn rested<'py>(&self, made: Bound<'py, PyAny>) -> Bound<'py, PyAny> {
        if self.size == 0 {
            return made;
        }
        // SAFETY: `allocate` made a mapped object; places hold live objects, or null.
        unsafe {
            let layout: *mut Layout = made.as_ptr().cast();
            let mut held = Layout::places(layout).iter();
            if (*layout).dict.is_null()
                && held.all(|value| value.is_null() || ffi::PyObject_IS_GC(*value) == 0)
            {
                ffi::PyObject_GC_UnTrack(made.as_ptr().cast());
            }
        }
        made
    }

    fn allocate<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: `check` saw that the class is made by `object.__new__`, or by that of mapped classes, which
        // allocate just so.
        unsafe {
            let class = self.class.bind(py).as_type_ptr();
            Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(class, self.size))
        }
    }

    fn fill(&self, made: &Bound<'_, PyAny>, index: usize, value: Bound<'_, PyAny>) -> PyResult<()> {
        let Some(field) = self.fields.get(index) else {
            return Ok(());
        };
        let py = made.py();
        let value = match &field.convert {
            Some(convert) if !value.is_none() => convert.bind(py).call1((value,))?,
            _ => value,
        };
        match &field.place {
            Place::Own(place) => {
                // SAFETY: `allocate` made a mapped object of so many places, and nobody else has seen it.
                let places = unsafe { Layout::places(made.as_ptr().cast()) };
                if let Some(place) = places.get_mut(*place) {
                    let before = std::mem::replace(place, value.into_ptr());
                    // SAFETY: a column that comes twice was set before; otherwise it is null.
                    unsafe { ffi::Py_XDECREF(before) };
                }
                Ok(())
            }
            Place::Slot(slot) => set_slot(slot.bind(py), made, &value),
            Place::Instance => classes::set(made, field.name.bind(py), &value),
            Place::Dict => dict_of(made)?.set_item(&field.name, value),
        }
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
