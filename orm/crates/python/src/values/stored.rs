//! Values between Python and SQLite, which has five types: what a column holds beyond these, the caller says.

use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDate, PyDateTime, PyDelta, PyDeltaAccess, PyDict, PyFloat,
    PyInt, PyList, PyString, PyTime, PyTuple, PyTzInfo, PyTzInfoAccess,
};
use queryengine_sqlite::{Cell, Value};

use super::clock::{self, Day, Time};
use super::times::{day_of, offset_of, time_of};
use super::{Refusal, Shown, classes, json};
use crate::errors::DataError;

/// Decode one cell; None shows SQLite's own value. Raises `DataError` for what is no value of the kind.
pub fn decode<'py>(
    py: Python<'py>,
    shown: Option<Shown>,
    cell: Cell<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    match (shown, cell) {
        (_, Cell::Null) => Ok(py.None().into_bound(py)),
        (None | Some(Shown::Int), Cell::Integer(value)) => Ok(value.into_pyobject(py)?.into_any()),
        (None | Some(Shown::Float), Cell::Real(value)) => Ok(PyFloat::new(py, value).into_any()),
        (None | Some(Shown::Text), Cell::Text(text)) => string(py, text),
        (None | Some(Shown::Bytes), Cell::Blob(blob)) => Ok(PyBytes::new(py, blob).into_any()),
        (Some(Shown::Bool), Cell::Integer(value @ (0 | 1))) => {
            Ok(PyBool::new(py, value == 1).to_owned().into_any())
        }
        (Some(Shown::Float), cell @ Cell::Integer(_)) => {
            Ok(PyFloat::new(py, float_of(cell)?).into_any())
        }
        (Some(Shown::Decimal), cell) => decimal(py, cell),
        (Some(Shown::Json), cell) => document(py, cell),
        (Some(Shown::Interval), Cell::Integer(value)) => interval(py, value),
        (Some(shown), Cell::Text(text)) => of_text(py, shown, text),
        (Some(Shown::Uuid), Cell::Blob(blob)) => {
            let bytes = blob.try_into().map_err(|_| no_value(Shown::Uuid))?;
            classes::new_uuid(py, u128::from_be_bytes(bytes))
        }
        (Some(shown), _) => Err(no_value(shown)),
    }
}

/// A cell that is no value of the kind.
pub fn no_value(shown: Shown) -> PyErr {
    DataError::new_err((
        "22000",
        format!("the database holds what is no value of the kind {shown:?}"),
    ))
}

fn string<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    PyString::from_bytes(py, text)
        .map(Bound::into_any)
        .map_err(|_| DataError::new_err(("22021", "the database holds text that is no UTF-8")))
}

/// An integer.
pub fn integer_of(cell: Cell<'_>) -> PyResult<i64> {
    match cell {
        Cell::Integer(value) => Ok(value),
        _ => Err(no_value(Shown::Int)),
    }
}

/// A float, or an integer, which SQLite stores for a whole number, as long as it is that number.
pub fn float_of(cell: Cell<'_>) -> PyResult<f64> {
    match cell {
        Cell::Real(value) => Ok(value),
        Cell::Integer(value) if (value as f64) as i128 == i128::from(value) => Ok(value as f64),
        _ => Err(no_value(Shown::Float)),
    }
}

fn decimal<'py>(py: Python<'py>, cell: Cell<'_>) -> PyResult<Bound<'py, PyAny>> {
    let class = classes::decimal(py)?;
    match cell {
        Cell::Integer(value) => class.call1((value,)),
        // A column that other programs filled, of a declared type by which SQLite keeps numbers as doubles.
        Cell::Real(value) => class.call1((PyFloat::new(py, value).repr()?,)),
        Cell::Text(text) => class
            .call1((string(py, text)?,))
            .map_err(|_| no_value(Shown::Decimal)),
        _ => Err(no_value(Shown::Decimal)),
    }
}

fn document<'py>(py: Python<'py>, cell: Cell<'_>) -> PyResult<Bound<'py, PyAny>> {
    match cell {
        Cell::Text(text) => json::loads(&string(py, text)?),
        Cell::Integer(value) => Ok(value.into_pyobject(py)?.into_any()),
        Cell::Real(value) => Ok(PyFloat::new(py, value).into_any()),
        _ => Err(no_value(Shown::Json)),
    }
}

fn interval(py: Python<'_>, microseconds: i64) -> PyResult<Bound<'_, PyAny>> {
    let (days, rest) = (
        microseconds.div_euclid(clock::DAY),
        microseconds.rem_euclid(clock::DAY),
    );
    let (seconds, rest) = (rest / 1_000_000, rest % 1_000_000);
    let days = i32::try_from(days).map_err(|_| no_value(Shown::Interval))?;
    Ok(PyDelta::new(py, days, seconds as i32, rest as i32, false)?.into_any())
}

fn of_text<'py>(py: Python<'py>, shown: Shown, text: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let wrong = || no_value(shown);
    match shown {
        Shown::Date => {
            let day = Day::read(text).ok_or_else(wrong)?;
            Ok(PyDate::new(py, day.year, day.month, day.day)?.into_any())
        }
        Shown::Time => {
            let time = Time::read(text).ok_or_else(wrong)?;
            Ok(PyTime::new(
                py,
                time.hour,
                time.minute,
                time.second,
                time.microsecond,
                None,
            )?
            .into_any())
        }
        Shown::DateTime => {
            let (day, time) = read_naive(text).ok_or_else(wrong)?;
            datetime(py, day, time, None)
        }
        Shown::DateTimeTz => {
            let (day, time) = read_instant(text).ok_or_else(wrong)?;
            datetime(py, day, time, Some(&*PyTzInfo::utc(py)?))
        }
        Shown::Uuid => classes::new_uuid(py, read_uuid(text).ok_or_else(wrong)?),
        _ => Err(wrong()),
    }
}

/// A date-time without a zone.
pub fn read_naive(text: &[u8]) -> Option<(Day, Time)> {
    match clock::read_datetime(text)? {
        (day, time, None) => Some((day, time)),
        _ => None,
    }
}

/// An instant in UTC; without an offset it is UTC already: what CURRENT_TIMESTAMP writes.
pub fn read_instant(text: &[u8]) -> Option<(Day, Time)> {
    match clock::read_datetime(text)? {
        (day, time, None | Some(0)) => Some((day, time)),
        (day, time, Some(offset)) => moved(day, time, -offset),
    }
}

fn datetime<'py>(
    py: Python<'py>,
    day: Day,
    time: Time,
    zone: Option<&Bound<'py, PyTzInfo>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (hour, minute, second) = (time.hour, time.minute, time.second);
    let made = PyDateTime::new(
        py,
        day.year,
        day.month,
        day.day,
        hour,
        minute,
        second,
        time.microsecond,
        zone,
    )?;
    Ok(made.into_any())
}

/// The date-time that is so many seconds later; None outside of Python's years.
fn moved(day: Day, time: Time, seconds: i64) -> Option<(Day, Time)> {
    let microseconds = day.number() * clock::DAY + time.number() + seconds * 1_000_000;
    let (days, rest) = (
        microseconds.div_euclid(clock::DAY),
        microseconds.rem_euclid(clock::DAY),
    );
    Some((Day::of(days)?, Time::of(rest)?))
}

/// A UUID with its dashes or without.
pub fn read_uuid(text: &[u8]) -> Option<u128> {
    let dashed = text.len() == 36 && [8, 13, 18, 23].iter().all(|place| text[*place] == b'-');
    if !dashed && text.len() != 32 {
        return None;
    }
    let digits = text
        .iter()
        .enumerate()
        .filter(|(place, _)| !dashed || !matches!(place, 8 | 13 | 18 | 23));
    digits
        .map(|(_, byte)| char::from(*byte))
        .try_fold(0, |sum: u128, digit| {
            Some(sum << 4 | u128::from(digit.to_digit(16)?))
        })
}

/// Encode one parameter by its type.
pub fn encode(value: &Bound<'_, PyAny>) -> Result<Value, Refusal> {
    if value.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(value) = value.cast::<PyString>() {
        return text(value);
    }
    if let Ok(value) = value.cast::<PyBool>() {
        return Ok(Value::Integer(i64::from(value.is_true())));
    }
    if value.is_instance_of::<PyInt>() {
        let number = value
            .extract()
            .map_err(|_| Refusal::Expected("an integer of 64 bits"))?;
        return Ok(Value::Integer(number));
    }
    if let Ok(value) = value.cast::<PyFloat>() {
        let value = value.value();
        // SQLite would write NULL.
        return if value.is_nan() {
            Err(Refusal::Expected("a number"))
        } else {
            Ok(Value::Real(value))
        };
    }
    if let Ok(value) = value.cast::<PyBytes>() {
        return Ok(Value::Blob(value.as_bytes().to_vec()));
    }
    encode_object(value)
}

fn text(value: &Bound<'_, PyString>) -> Result<Value, Refusal> {
    let text = value
        .to_str()
        .map_err(|_| Refusal::Expected("text without lone surrogates"))?;
    // SQLite's own functions end a text there.
    if text.contains('\0') {
        return Err(Refusal::Expected("text without NUL"));
    }
    Ok(Value::Text(text.to_owned()))
}

fn encode_object(value: &Bound<'_, PyAny>) -> Result<Value, Refusal> {
    let py = value.py();
    if let Ok(value) = value.cast::<PyDateTime>() {
        return encode_datetime(value);
    }
    if let Ok(value) = value.cast::<PyDate>() {
        let mut text = String::with_capacity(10);
        day_of(value).write(&mut text);
        return Ok(Value::Text(text));
    }
    if let Ok(value) = value.cast::<PyTime>() {
        return encode_time(value);
    }
    if let Ok(value) = value.cast::<PyDelta>() {
        let days = i64::from(value.get_days()).checked_mul(clock::DAY);
        let rest = i64::from(value.get_seconds()) * 1_000_000 + i64::from(value.get_microseconds());
        let sum = days.and_then(|days| days.checked_add(rest));
        let sum = sum.ok_or(Refusal::Expected("a duration of less than 292,000 years"))?;
        return Ok(Value::Integer(sum));
    }
    if value.is_instance(classes::decimal(py)?)? {
        if !value.call_method0("is_finite")?.is_truthy()? {
            return Err(Refusal::Expected("a finite decimal"));
        }
        return text(&value.str()?);
    }
    if value.is_instance(classes::uuid(py)?)? {
        return text(&value.str()?);
    }
    if value.is_instance_of::<PyDict>()
        || value.is_instance_of::<PyList>()
        || value.is_instance_of::<PyTuple>()
    {
        return text(&json::dumps(value)?);
    }
    if let Ok(value) = value.cast::<PyByteArray>() {
        return Ok(Value::Blob(value.to_vec()));
    }
    if value.is_instance(classes::enumeration(py)?)? {
        return encode(&value.getattr("value")?);
    }
    Err(Refusal::Expected(
        "a value that SQLite or this package has a type for",
    ))
}

/// Of fixed width, so that the order of text is the order of time: naive as it is, aware in UTC.
fn encode_datetime(value: &Bound<'_, PyDateTime>) -> Result<Value, Refusal> {
    let (mut day, mut time) = (day_of(value), time_of(value));
    let aware = value.get_tzinfo().is_some();
    if aware {
        let seconds = offset_of(value)?;
        (day, time) = moved(day, time, -seconds)
            .ok_or(Refusal::Expected("an instant of the years 1 to 9999"))?;
    }
    let mut text = String::with_capacity(32);
    day.write(&mut text);
    text.push(' ');
    time.write(&mut text);
    if aware {
        text.push_str("+00:00");
    }
    Ok(Value::Text(text))
}

fn encode_time(value: &Bound<'_, PyTime>) -> Result<Value, Refusal> {
    if value.get_tzinfo().is_some() {
        return Err(Refusal::Expected("a time without a zone"));
    }
    let mut text = String::with_capacity(15);
    time_of(value).write(&mut text);
    Ok(Value::Text(text))
}
