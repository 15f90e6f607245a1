//! Mapped objects as Rust reads and writes them: values in their places, and what changed of them.

use std::ptr;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

pub mod identities;
pub mod memory;
mod place;

pub use place::Place;

use memory::Layout;

static MISSING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// What stands where an attribute had no value.
fn missing(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    MISSING.import(py, "queryengine_orm.tracking", "MISSING")
}

/// A mapped object.
#[derive(Clone, Copy)]
pub struct Instance<'a, 'py>(&'a Bound<'py, PyAny>);

impl<'a, 'py> Instance<'a, 'py> {
    /// An object as a mapped one; raises `TypeError` for any other.
    pub fn of(object: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        let class = memory::class(object.py())?.as_type_ptr();
        // SAFETY: both are alive.
        if unsafe { ffi::PyObject_TypeCheck(object.as_ptr(), class) } != 0 {
            return Ok(Self(object));
        }
        Err(PyTypeError::new_err("it is no object of a mapped class"))
    }

    fn layout(self) -> *mut Layout {
        self.0.as_ptr().cast()
    }

    fn places(self) -> &'a mut [*mut ffi::PyObject] {
        // SAFETY: the object is borrowed and thus lives; callers hold the slice over no call into Python.
        unsafe { Layout::places(self.layout()) }
    }

    fn dict(self) -> Option<Bound<'py, PyDict>> {
        // SAFETY: a live object; what is there is a dict, or null.
        unsafe { Bound::from_borrowed_ptr_or_opt(self.0.py(), (*self.layout()).dict) }
            .and_then(|dict| dict.cast_into::<PyDict>().ok())
    }

    /// The dict, made if there is none: the object's own, whatever is in its places.
    fn own_dict(self) -> PyResult<Bound<'py, PyDict>> {
        // SAFETY: a live object; the class says where its dict is.
        let dict = unsafe {
            memory::track(self.0.as_ptr());
            let dict = ffi::PyObject_GenericGetDict(self.0.as_ptr(), ptr::null_mut());
            Bound::from_owned_ptr_or_err(self.0.py(), dict)?
        };
        Ok(dict.cast_into::<PyDict>()?)
    }

    /// The names of the class's places.
    fn names(self) -> PyResult<Bound<'py, PyDict>> {
        let py = self.0.py();
        let places = self.0.get_type().getattr(intern!(py, "__places__"))?;
        Ok(places.cast_into::<PyDict>()?)
    }

    fn place_named(self, name: &Bound<'py, PyString>) -> PyResult<usize> {
        match self.names()?.get_item(name)? {
            Some(place) => place.extract(),
            None => Ok(usize::MAX), // it has none: the dict is its place
        }
    }

    fn in_place(self, place: usize) -> Option<Bound<'py, PyAny>> {
        let value = *self.places().get(place)?;
        // SAFETY: a place holds a live object, or null.
        unsafe { Bound::from_borrowed_ptr_or_opt(self.0.py(), value) }
    }

    /// The value of an attribute, if it has one.
    pub fn value(
        self,
        place: usize,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match (self.in_place(place), self.dict()) {
            (Some(value), _) => Ok(Some(value)),
            (None, Some(dict)) => dict.get_item(name),
            (None, None) => Ok(None),
        }
    }

    /// Empty a place; returns what was there.
    fn emptied(self, place: usize) -> Option<Bound<'py, PyAny>> {
        let value = std::mem::replace(self.places().get_mut(place)?, ptr::null_mut());
        // SAFETY: the reference that the place had is ours now.
        unsafe { Bound::from_owned_ptr_or_opt(self.0.py(), value) }
    }

    /// Give an attribute a value, of which nothing is noted.
    pub fn put(
        self,
        place: usize,
        name: &Bound<'py, PyString>,
        value: Bound<'py, PyAny>,
    ) -> PyResult<()> {
        // SAFETY: a live object of the class.
        unsafe { memory::track(self.0.as_ptr()) };
        let before = match self.dict() {
            Some(dict) => {
                dict.set_item(name, value)?;
                self.emptied(place)
            }
            None if place < self.places().len() => {
                let before = self.emptied(place);
                self.places()[place] = value.into_ptr();
                before
            }
            None => {
                self.own_dict()?.set_item(name, value)?;
                None
            }
        };
        drop(before); // which may run anything
        Ok(())
    }

    /// Take an attribute's value away; returns whether it had one.
    pub fn remove(self, place: usize, name: &Bound<'py, PyString>) -> PyResult<bool> {
        if self.emptied(place).is_some() {
            return Ok(true);
        }
        match self.dict() {
            Some(dict) if dict.contains(name)? => dict.del_item(name).map(|()| true),
            _ => Ok(false),
        }
    }

    /// What changed attributes were before, if one was changed.
    pub fn changes(self) -> Option<Bound<'py, PyDict>> {
        // SAFETY: as in `dict`.
        unsafe { Bound::from_borrowed_ptr_or_opt(self.0.py(), (*self.layout()).changes) }
            .and_then(|changes| changes.cast_into::<PyDict>().ok())
    }

    fn set_changes(self, changes: Option<Bound<'py, PyDict>>) {
        let changes = changes.map_or(ptr::null_mut(), |changes| changes.into_ptr());
        // SAFETY: a live object; what it held is let go when it no longer holds it.
        unsafe {
            memory::track(self.0.as_ptr());
            let before = ptr::replace(&raw mut (*self.layout()).changes, changes);
            ffi::Py_XDECREF(before);
        }
    }

    /// Keep what an attribute was before its first change.
    fn note(
        self,
        name: &Bound<'py, PyString>,
        before: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let py = self.0.py();
        let changes = self.changes().unwrap_or_else(|| {
            let changes = PyDict::new(py);
            self.set_changes(Some(changes.clone()));
            changes
        });
        if changes.contains(name)? {
            return Ok(());
        }
        changes.set_item(name, before()?)
    }

    /// Give an attribute another value; what it was before is noted.
    fn change(
        self,
        place: usize,
        name: &Bound<'py, PyString>,
        value: Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let py = self.0.py();
        self.note(name, || match self.value(place, name)? {
            Some(before) => Ok(before),
            None => missing(py).cloned(),
        })?;
        self.put(place, name, value)
    }

    /// The value that the row of an object has: what it was before it was changed.
    fn stored(
        self,
        place: usize,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(changes) = self.changes()
            && let Some(before) = changes.get_item(name)?
        {
            return Ok(Some(before));
        }
        self.value(place, name)
    }

    /// Move all values into the object's dict, and return it: a value that is set later goes there too.
    pub fn all_in_dict(self) -> PyResult<Bound<'py, PyDict>> {
        let dict = self.own_dict()?;
        for (name, place) in self.names()? {
            if let Some(value) = self.emptied(place.extract()?) {
                dict.set_item(name, value)?;
            }
        }
        Ok(dict)
    }

    /// A new dict of all values.
    fn values(self) -> PyResult<Bound<'py, PyDict>> {
        let values = PyDict::new(self.0.py());
        for (name, place) in self.names()? {
            if let Some(value) = self.in_place(place.extract()?) {
                values.set_item(name, value)?;
            }
        }
        if let Some(dict) = self.dict() {
            values.update(dict.as_mapping())?;
        }
        Ok(values)
    }
}

/// Return the values that an object has, as a dict of its own.
#[pyfunction]
pub fn loaded_values<'py>(instance: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    Instance::of(instance)?.values()
}

/// Return the value of an attribute, or `default` where it has none.
#[pyfunction]
pub fn value_of<'py>(
    instance: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    default: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let instance = Instance::of(instance)?;
    let value = instance.value(instance.place_named(name)?, name)?;
    Ok(value.unwrap_or(default))
}

/// Give an attribute a value, of which nothing is noted.
#[pyfunction]
pub fn put_value<'py>(
    instance: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    value: Bound<'py, PyAny>,
) -> PyResult<()> {
    let instance = Instance::of(instance)?;
    instance.put(instance.place_named(name)?, name, value)
}

/// Take an attribute's value away, if it has one; nothing is noted.
#[pyfunction]
pub fn drop_value<'py>(instance: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> PyResult<()> {
    let instance = Instance::of(instance)?;
    instance
        .remove(instance.place_named(name)?, name)
        .map(|_| ())
}

/// Return the values that an object's attributes had before; empty where nothing was noted.
///
/// What was noted need not differ: of values that can change inside, reading one notes a copy.
#[pyfunction]
pub fn changes_of<'py>(instance: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let changes = Instance::of(instance)?.changes();
    Ok(changes.unwrap_or_else(|| PyDict::new(instance.py())))
}

/// Keep what an attribute was before; what was noted first stays.
#[pyfunction]
pub fn note<'py>(
    instance: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    before: &Bound<'py, PyAny>,
) -> PyResult<()> {
    Instance::of(instance)?.note(name, || Ok(before.clone()))
}

/// Take what was noted off an object, and return it.
#[pyfunction]
pub fn forget_changes<'py>(instance: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let instance = Instance::of(instance)?;
    let changes = instance.changes();
    if changes.is_some() {
        instance.set_changes(None);
    }
    Ok(changes.unwrap_or_else(|| PyDict::new(instance.0.py())))
}
