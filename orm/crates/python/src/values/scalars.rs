//! Truth values, integers, floats, text, bytes.

use bytes::{BufMut, BytesMut};
use pyo3::buffer::PyBuffer;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDate, PyFloat, PyInt, PyString};

use super::numbers::{self, fixed, malformed};
use super::{Refusal, classes, json};

pub fn bool<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let [byte] = fixed(raw, "boolean")?;
    Ok(PyBool::new(py, byte != 0).to_owned().into_any())
}

pub fn int2<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Ok(numbers::int2(raw)?.into_pyobject(py)?.into_any())
}

pub fn int4<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Ok(numbers::int4(raw)?.into_pyobject(py)?.into_any())
}

pub fn int8<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Ok(numbers::int8(raw)?.into_pyobject(py)?.into_any())
}

pub fn oid<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Ok(numbers::oid(raw)?.into_pyobject(py)?.into_any())
}

pub fn uuid<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    classes::new_uuid(py, u128::from_be_bytes(fixed(raw, "uuid")?))
}

/// One byte: a letter, nothing for 0, and beyond ASCII the octal digits that the server would write.
pub fn char<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let text = match fixed(raw, "\"char\"")? {
        [0] => String::new(),
        [byte @ 1..128] => String::from(char::from(byte)),
        [byte] => format!("\\{byte:03o}"),
    };
    Ok(PyString::new(py, &text).into_any())
}

/// What follows the version of `jsonb`.
pub fn version_one(raw: &[u8]) -> PyResult<&[u8]> {
    match raw {
        [1, text @ ..] => Ok(text),
        _ => Err(malformed("jsonb")),
    }
}

pub fn float4<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Ok(PyFloat::new(py, f64::from(numbers::float4(raw)?)).into_any())
}

pub fn float8<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Ok(PyFloat::new(py, numbers::float8(raw)?).into_any())
}

pub fn bytes<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Ok(PyBytes::new(py, raw).into_any())
}

pub fn text<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    // Of one letter, and of none, Python has one object for all.
    if raw.len() > 1 && raw.is_ascii() {
        return ascii(py, raw);
    }
    PyString::from_bytes(py, raw)
        .map(Bound::into_any)
        .map_err(|_| malformed("text: it is no UTF-8"))
}

fn ascii<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: a new text of so many letters of ASCII, which nobody else has seen, has a byte for each.
    unsafe {
        let text = ffi::PyUnicode_New(raw.len() as ffi::Py_ssize_t, 127);
        let made = Bound::from_owned_ptr_or_err(py, text)?;
        ffi::PyUnicode_1BYTE_DATA(text).copy_from_nonoverlapping(raw.as_ptr(), raw.len());
        Ok(made)
    }
}

pub fn encode_bool(value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    let value = value
        .cast::<PyBool>()
        .map_err(|_| Refusal::Expected("a truth value"))?;
    out.put_u8(u8::from(value.is_true()));
    Ok(())
}

/// An integer that PostgreSQL has, big-endian.
pub trait Integer: for<'a, 'py> FromPyObject<'a, 'py> {
    fn put(self, out: &mut BytesMut);
}

impl Integer for i16 {
    fn put(self, out: &mut BytesMut) {
        out.put_i16(self);
    }
}

impl Integer for i32 {
    fn put(self, out: &mut BytesMut) {
        out.put_i32(self);
    }
}

impl Integer for u32 {
    fn put(self, out: &mut BytesMut) {
        out.put_u32(self);
    }
}

impl Integer for i64 {
    fn put(self, out: &mut BytesMut) {
        out.put_i64(self);
    }
}

pub fn encode_integer<T: Integer>(
    value: &Bound<'_, PyAny>,
    out: &mut BytesMut,
) -> Result<(), Refusal> {
    if !value.is_instance_of::<PyInt>() || value.is_instance_of::<PyBool>() {
        return Err(Refusal::Expected("an integer"));
    }
    let value = value
        .extract::<T>()
        .map_err(|_| Refusal::Expected("a number inside the type's range"))?;
    value.put(out);
    Ok(())
}

fn double(value: &Bound<'_, PyAny>) -> Result<f64, Refusal> {
    if let Ok(value) = value.cast::<PyFloat>() {
        return Ok(value.value());
    }
    if value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() {
        return value
            .extract()
            .map_err(|_| Refusal::Expected("a number inside the type's range"));
    }
    Err(Refusal::Expected("a number"))
}

/// An integer is written only as itself: floats between two of which it stands are other numbers.
fn exact(value: &Bound<'_, PyAny>, written: f64) -> Result<(), Refusal> {
    if value.is_instance_of::<PyFloat>() || value.eq(written)? {
        Ok(())
    } else {
        Err(Refusal::Expected("an integer that the type has exactly"))
    }
}

pub fn encode_float8(value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    let number = double(value)?;
    exact(value, number)?;
    out.put_f64(number);
    Ok(())
}

pub fn encode_float4(value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    let wide = double(value)?;
    let narrow = wide as f32;
    if narrow.is_infinite() && wide.is_finite() {
        return Err(Refusal::Expected("a number inside the type's range"));
    }
    exact(value, f64::from(narrow))?;
    out.put_f32(narrow);
    Ok(())
}

pub fn encode_bytes(value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    if let Ok(value) = value.cast::<PyBytes>() {
        out.put_slice(value.as_bytes());
        return Ok(());
    }
    let buffer = PyBuffer::<u8>::get(value).map_err(|_| Refusal::Expected("bytes"))?;
    out.put_slice(&buffer.to_vec(value.py())?);
    Ok(())
}

pub fn encode_text(value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    let value = match value.cast::<PyString>() {
        Ok(value) => value.clone(),
        // A member of an Enum that is no `str` itself is written as its value.
        Err(_) if value.is_instance(classes::enumeration(value.py())?)? => value
            .getattr(intern!(value.py(), "value"))?
            .cast_into()
            .map_err(|_| Refusal::Expected("text"))?,
        Err(_) => return Err(Refusal::Expected("text")),
    };
    let text = value
        .to_str()
        .map_err(|_| Refusal::Expected("text without lone surrogates"))?;
    if text.contains('\0') {
        return Err(Refusal::Expected("text without NUL"));
    }
    out.put_slice(text.as_bytes());
    Ok(())
}

/// A value of a type that is not built in, as the text that the server reads it from.
///
/// Besides texts that is what a domain may stand on, where its text says it exactly: not date-times, whose
/// zone another domain than theirs would pass over.
pub fn encode_unknown(value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    let py = value.py();
    let has_exact_text = value.is_exact_instance_of::<PyBool>()
        || value.is_exact_instance_of::<PyInt>()
        || value.is_exact_instance_of::<PyFloat>()
        || value.is_exact_instance_of::<PyDate>()
        || value.get_type().is(classes::decimal(py)?)
        || value.get_type().is(classes::uuid(py)?);
    if has_exact_text {
        return encode_text(value.str()?.as_any(), out);
    }
    encode_text(value, out).map_err(|refusal| match refusal {
        Refusal::Expected("text") => Refusal::Expected(
            "text, a number, a truth value, a date or a UUID; cast the parameter to another built-in type",
        ),
        other => other,
    })
}

pub fn encode_char(value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    let value = value
        .cast::<PyString>()
        .map_err(|_| Refusal::Expected("text"))?;
    let text = value
        .to_str()
        .map_err(|_| Refusal::Expected("a letter of ASCII"))?;
    let byte = match text.as_bytes() {
        [] => 0,
        [byte @ 1..128] => *byte,
        [b'\\', octal @ ..] if octal.len() == 3 => u8::from_str_radix(&text[1..], 8)
            .map_err(|_| Refusal::Expected("three octal digits"))?,
        _ => return Err(Refusal::Expected("a letter of ASCII")),
    };
    out.put_u8(byte);
    Ok(())
}

pub fn encode_uuid(value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    let py = value.py();
    if !value.is_instance(classes::uuid(py)?)? {
        return Err(Refusal::Expected("a UUID"));
    }
    out.put_u128(value.getattr(intern!(py, "int"))?.extract()?);
    Ok(())
}

/// The value as JSON: text becomes a JSON string. JSON that is text already goes by `CAST($1 AS text)`.
pub fn encode_json(value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    out.put_slice(json::dumps(value)?.to_str()?.as_bytes());
    Ok(())
}
