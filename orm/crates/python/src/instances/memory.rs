//! `Instance`, the base of mapped objects, in C's terms: how its memory is laid out, made, walked and let go.
//!
//! Python itself would keep the attributes of an object in two blocks beside a dict-to-be. Here they follow the
//! object's head: `ob_size` places, in the order of the class's `__places__`. A value is in its place, or, once
//! somebody has asked for the object's `__dict__` or given it an attribute of another name, perhaps in that dict.

use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr;

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

use super::Instance;

/// What an object of the class looks like.
#[repr(C)]
pub struct Layout {
    head: ffi::PyVarObject,
    /// Attributes that have no place; null until there is one.
    pub dict: *mut ffi::PyObject,
    weak: *mut ffi::PyObject,
    /// What changed attributes were before; null until one is.
    pub changes: *mut ffi::PyObject,
    places: [*mut ffi::PyObject; 0],
}

impl Layout {
    /// The places of an object.
    ///
    /// # Safety
    /// `this` is a live object of the class, and nothing frees it while the slice is used.
    pub unsafe fn places<'a>(this: *mut Self) -> &'a mut [*mut ffi::PyObject] {
        unsafe {
            let count = usize::try_from((*this).head.ob_size).unwrap_or(0);
            std::slice::from_raw_parts_mut((&raw mut (*this).places).cast(), count)
        }
    }
}

static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// The class itself.
pub fn class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    Ok(CLASS.get_or_try_init(py, || make(py))?.bind(py))
}

/// How many places objects of a class have: none before the class is mapped.
pub fn count_of(class: &Bound<'_, PyType>) -> PyResult<isize> {
    let places = class.getattr(intern!(class.py(), "__places__"))?;
    Ok(places.cast::<PyDict>()?.len() as isize)
}

struct Constant<T>(T);

// SAFETY: it holds addresses of functions and of texts that live as long as the process.
unsafe impl<T> Sync for Constant<T> {}

static ATTRIBUTES: Constant<[ffi::PyGetSetDef; 2]> = Constant([
    ffi::PyGetSetDef {
        name: c"__dict__".as_ptr(),
        get: Some(get_dict),
        set: None,
        doc: c"All attributes; who asks for it gives the object a dict.".as_ptr(),
        closure: ptr::null_mut(),
    },
    // SAFETY: the end of the list is all zeros.
    unsafe { std::mem::zeroed() },
]);

fn make(py: Python<'_>) -> PyResult<Py<PyType>> {
    let member = |name: &'static std::ffi::CStr, offset: usize| ffi::PyMemberDef {
        name: name.as_ptr(),
        type_code: ffi::Py_T_PYSSIZET,
        offset: offset as isize,
        flags: ffi::Py_READONLY,
        doc: ptr::null(),
    };
    let mut members = [
        member(c"__dictoffset__", offset_of!(Layout, dict)),
        member(c"__weaklistoffset__", offset_of!(Layout, weak)),
        // SAFETY: the end of the list is all zeros.
        unsafe { std::mem::zeroed() },
    ];
    let slot = |slot: c_int, pfunc: *mut c_void| ffi::PyType_Slot { slot, pfunc };
    let doc = c"The base of mapped objects: a place for each attribute that `__places__` of the class names.";
    let mut slots = [
        slot(ffi::Py_tp_doc, doc.as_ptr().cast_mut().cast()),
        slot(ffi::Py_tp_members, members.as_mut_ptr().cast()),
        slot(ffi::Py_tp_getset, ATTRIBUTES.0.as_ptr().cast_mut().cast()),
        slot(ffi::Py_tp_new, new as *mut c_void),
        slot(ffi::Py_tp_setattro, set_attribute as *mut c_void),
        slot(ffi::Py_tp_traverse, traverse as *mut c_void),
        slot(ffi::Py_tp_clear, clear as *mut c_void),
        slot(ffi::Py_tp_dealloc, dealloc as *mut c_void),
        slot(0, ptr::null_mut()),
    ];
    let flags = ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_BASETYPE | ffi::Py_TPFLAGS_HAVE_GC;
    let mut spec = ffi::PyType_Spec {
        name: c"queryengine_orm._native.Instance".as_ptr(),
        basicsize: size_of::<Layout>() as c_int,
        itemsize: size_of::<*mut ffi::PyObject>() as c_int,
        flags: flags as _,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the interpreter copies the specification, but for what is constant.
    let made = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&raw mut spec))? };
    let class = made.cast_into::<PyType>()?;
    class.setattr(intern!(py, "__places__"), PyDict::new(py))?;
    Ok(class.unbind())
}

unsafe extern "C" fn new(
    class: *mut ffi::PyTypeObject,
    _arguments: *mut ffi::PyObject,
    _keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls with a live class, and is attached.
    unsafe {
        let py = Python::assume_attached();
        let count = count_of(&PyType::from_borrowed_type_ptr(py, class));
        match count {
            Ok(count) => ffi::PyType_GenericAlloc(class, count),
            Err(error) => {
                error.restore(py);
                ptr::null_mut()
            }
        }
    }
}

/// An object that was only read is not walked by the collector; one that is changed is.
unsafe extern "C" fn set_attribute(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: the interpreter calls with live objects.
    unsafe {
        track(object);
        ffi::PyObject_GenericSetAttr(object, name, value)
    }
}

/// See to it that the collector walks an object.
///
/// # Safety
/// It is a live object of the class.
pub unsafe fn track(object: *mut ffi::PyObject) {
    unsafe {
        if ffi::PyObject_GC_IsTracked(object) == 0 {
            ffi::PyObject_GC_Track(object.cast());
        }
    }
}

unsafe extern "C" fn traverse(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: the collector calls with a live object; nothing here changes a count of references.
    unsafe {
        let this = object.cast::<Layout>();
        let own = [ffi::Py_TYPE(object).cast(), (*this).dict, (*this).changes];
        for held in own.iter().chain(Layout::places(this).iter()) {
            if !held.is_null() {
                let code = visit(*held, argument);
                if code != 0 {
                    return code;
                }
            }
        }
    }
    0
}

unsafe extern "C" fn clear(object: *mut ffi::PyObject) -> c_int {
    // SAFETY: a live object; what it held is let go only after it no longer holds it.
    unsafe {
        let this = object.cast::<Layout>();
        let own = [&raw mut (*this).dict, &raw mut (*this).changes];
        for place in own {
            ffi::Py_XDECREF(ptr::replace(place, ptr::null_mut()));
        }
        let first: *mut *mut ffi::PyObject = (&raw mut (*this).places).cast();
        for place in 0..Layout::places(this).len() {
            // No slice is held meanwhile: what goes may run code that looks at the places.
            ffi::Py_XDECREF(ptr::replace(first.add(place), ptr::null_mut()));
        }
    }
    0
}

unsafe extern "C" fn dealloc(object: *mut ffi::PyObject) {
    // SAFETY: the last reference is gone; a class made by a specification is held by its objects.
    unsafe {
        ffi::PyObject_GC_UnTrack(object.cast());
        if !(*object.cast::<Layout>()).weak.is_null() {
            ffi::PyObject_ClearWeakRefs(object);
        }
        clear(object);
        let class = ffi::Py_TYPE(object);
        if let Some(free) = (*class).tp_free {
            free(object.cast());
        }
        ffi::Py_DECREF(class.cast());
    }
}

unsafe extern "C" fn get_dict(
    object: *mut ffi::PyObject,
    _closure: *mut c_void,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls with a live object, and is attached.
    unsafe {
        let py = Python::assume_attached();
        let object = Bound::from_borrowed_ptr(py, object);
        match Instance::of(&object).and_then(Instance::all_in_dict) {
            Ok(dict) => dict.into_ptr(),
            Err(error) => {
                error.restore(py);
                ptr::null_mut()
            }
        }
    }
}
