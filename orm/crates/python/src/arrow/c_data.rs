//! The structs of Arrow's C data interface, and who frees them. No Python in it: consumers free them on any thread.
//!
//! A consumer moves a struct by copying its bytes and setting `release` of the source to null. So whatever is
//! left in a struct when it is dropped is still ours, and a struct that was moved frees nothing here.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::null_mut;

const NULLABLE: i64 = 2;

/// `ArrowSchema`: the type of a column, or of a struct of columns.
#[repr(C)]
pub struct Schema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut Schema,
    dictionary: *mut Schema,
    release: Option<unsafe extern "C" fn(*mut Schema)>,
    private_data: *mut c_void,
}

/// `ArrowArray`: the values of a column, or of a struct of columns.
#[repr(C)]
pub struct Array {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut Array,
    dictionary: *mut Array,
    release: Option<unsafe extern "C" fn(*mut Array)>,
    private_data: *mut c_void,
}

/// `ArrowArrayStream`: arrays of one schema; here there is one.
#[repr(C)]
pub struct Stream {
    get_schema: Option<unsafe extern "C" fn(*mut Stream, *mut Schema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut Stream, *mut Array) -> c_int>,
    get_last_error: Option<unsafe extern "C" fn(*mut Stream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut Stream)>,
    private_data: *mut c_void,
}

// SAFETY: the pointers lead to memory that the struct alone owns, and nothing of it is bound to a thread.
unsafe impl Send for Schema {}
// SAFETY: as above.
unsafe impl Send for Array {}
// SAFETY: as above.
unsafe impl Send for Stream {}

/// Memory that a buffer of an array points to.
pub trait Held: Send {
    /// Where it begins; it stays there until it is dropped.
    fn start(&self) -> *const c_void;
}

impl<T: Send> Held for Vec<T> {
    fn start(&self) -> *const c_void {
        self.as_ptr().cast()
    }
}

/// A column: what it is called, and its type.
pub struct Field {
    /// Its name.
    pub name: CString,
    /// The format string of its type.
    pub format: &'static CStr,
    /// The name of the extension type that its type stands for.
    pub extension: Option<&'static str>,
}

/// The values of a column.
pub struct Column {
    /// How many there are.
    pub length: usize,
    /// How many of them are null.
    pub nulls: usize,
    /// The buffers of its type, the bitmap of what is not null first: None where nothing is null.
    pub buffers: Vec<Option<Box<dyn Held>>>,
}

/// What a schema points to.
struct SchemaParts {
    name: CString,
    metadata: Option<Vec<u8>>,
    children: Vec<*mut Schema>,
}

/// What an array points to.
struct ArrayParts {
    _held: Vec<Option<Box<dyn Held>>>,
    buffers: Vec<*const c_void>,
    children: Vec<*mut Array>,
}

/// What a stream has to give.
struct Pending {
    fields: Vec<Field>,
    array: Option<Array>,
}

impl Schema {
    /// The schema of a struct of these columns.
    pub fn of(fields: &[Field]) -> Self {
        let children = fields.iter().map(|field| {
            let metadata = field.extension.map(extension);
            let child = Self::new(field.format, field.name.clone(), metadata, Vec::new());
            Box::into_raw(Box::new(child))
        });
        Self::new(c"+s", CString::default(), None, children.collect())
    }

    fn new(
        format: &'static CStr,
        name: CString,
        metadata: Option<Vec<u8>>,
        children: Vec<*mut Self>,
    ) -> Self {
        // A struct's rows are never null, its columns may be.
        let flags = if format == c"+s" { 0 } else { NULLABLE };
        let mut parts = Box::new(SchemaParts {
            name,
            metadata,
            children,
        });
        Self {
            format: format.as_ptr(),
            name: parts.name.as_ptr(),
            metadata: parts
                .metadata
                .as_ref()
                .map_or(std::ptr::null(), |bytes| bytes.as_ptr().cast()),
            flags,
            n_children: parts.children.len() as i64,
            children: parts.children.as_mut_ptr(),
            dictionary: null_mut(),
            release: Some(release_schema),
            private_data: Box::into_raw(parts).cast(),
        }
    }
}

impl Array {
    /// An array of structs of these columns, each of which has `length` values.
    pub fn of(length: usize, columns: Vec<Column>) -> Self {
        let children = columns.into_iter().map(|column| {
            let child = Self::new(column.length, column.nulls, column.buffers, Vec::new());
            Box::into_raw(Box::new(child))
        });
        Self::new(length, 0, vec![None], children.collect())
    }

    fn new(
        length: usize,
        nulls: usize,
        held: Vec<Option<Box<dyn Held>>>,
        children: Vec<*mut Self>,
    ) -> Self {
        let starts = held.iter().map(|buffer| match buffer {
            Some(buffer) => buffer.start(),
            None => std::ptr::null(),
        });
        let mut parts = Box::new(ArrayParts {
            buffers: starts.collect(),
            _held: held,
            children,
        });
        Self {
            length: length as i64,
            null_count: nulls as i64,
            offset: 0,
            n_buffers: parts.buffers.len() as i64,
            n_children: parts.children.len() as i64,
            buffers: parts.buffers.as_mut_ptr(),
            children: parts.children.as_mut_ptr(),
            dictionary: null_mut(),
            release: Some(release_array),
            private_data: Box::into_raw(parts).cast(),
        }
    }

    /// What says that a stream is at its end.
    fn released() -> Self {
        Self {
            length: 0,
            null_count: 0,
            offset: 0,
            n_buffers: 0,
            n_children: 0,
            buffers: null_mut(),
            children: null_mut(),
            dictionary: null_mut(),
            release: None,
            private_data: null_mut(),
        }
    }
}

impl Stream {
    /// A stream of one array of these columns.
    pub fn of(fields: Vec<Field>, array: Array) -> Self {
        let pending = Box::new(Pending {
            fields,
            array: Some(array),
        });
        Self {
            get_schema: Some(get_schema),
            get_next: Some(get_next),
            get_last_error: Some(get_last_error),
            release: Some(release_stream),
            private_data: Box::into_raw(pending).cast(),
        }
    }
}

/// Metadata as the interface writes it: counts and lengths of 32 bits in the machine's order, then the bytes.
fn extension(name: &str) -> Vec<u8> {
    let mut out = 1_i32.to_ne_bytes().to_vec();
    for text in ["ARROW:extension:name", name] {
        out.extend((text.len() as i32).to_ne_bytes());
        out.extend(text.as_bytes());
    }
    out
}

unsafe extern "C" fn release_schema(schema: *mut Schema) {
    // SAFETY: who calls it holds a live struct that was made by `Schema::new`, and calls it once.
    unsafe {
        (*schema).release = None;
        drop(Box::from_raw((*schema).private_data.cast::<SchemaParts>()));
    }
}

unsafe extern "C" fn release_array(array: *mut Array) {
    // SAFETY: who calls it holds a live struct that was made by `Array::new`, and calls it once.
    unsafe {
        (*array).release = None;
        drop(Box::from_raw((*array).private_data.cast::<ArrayParts>()));
    }
}

unsafe extern "C" fn get_schema(stream: *mut Stream, out: *mut Schema) -> c_int {
    // SAFETY: who calls it holds a live struct that was made by `Stream::of`, and gives memory for a schema.
    unsafe {
        let pending = (*stream).private_data.cast::<Pending>();
        out.write(Schema::of(&(*pending).fields));
    }
    0
}

unsafe extern "C" fn get_next(stream: *mut Stream, out: *mut Array) -> c_int {
    // SAFETY: as above, with memory for an array.
    unsafe {
        let pending = (*stream).private_data.cast::<Pending>();
        let array = (&mut *pending).array.take();
        out.write(array.unwrap_or_else(Array::released));
    }
    0
}

/// All was decoded before the stream was made: nothing fails.
unsafe extern "C" fn get_last_error(_stream: *mut Stream) -> *const c_char {
    std::ptr::null()
}

unsafe extern "C" fn release_stream(stream: *mut Stream) {
    // SAFETY: who calls it holds a live struct that was made by `Stream::of`, and calls it once.
    unsafe {
        (*stream).release = None;
        drop(Box::from_raw((*stream).private_data.cast::<Pending>()));
    }
}

impl Drop for SchemaParts {
    fn drop(&mut self) {
        for child in self.children.drain(..) {
            // SAFETY: made by `Box::into_raw`; a child that the consumer moved releases nothing.
            drop(unsafe { Box::from_raw(child) });
        }
    }
}

impl Drop for ArrayParts {
    fn drop(&mut self) {
        for child in self.children.drain(..) {
            // SAFETY: as above.
            drop(unsafe { Box::from_raw(child) });
        }
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: it was not released, nor moved: either would have set `release` to null.
            unsafe { release(self) };
        }
    }
}

impl Drop for Array {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: as above.
            unsafe { release(self) };
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: as above.
            unsafe { release(self) };
        }
    }
}
