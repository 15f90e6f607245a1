//! Dates and times of PostgreSQL's binary format, made by Python's C API.
//!
//! What Python's types do not have is a `DataError`, never something near: the infinities, years before 1 and
//! after 9999, `24:00:00`, intervals with months. A day of an interval is 24 hours.

use bytes::{BufMut, BytesMut};
use pyo3::prelude::*;
use pyo3::types::{
    PyDate, PyDateAccess, PyDateTime, PyDelta, PyDeltaAccess, PyTime, PyTimeAccess, PyTzInfo,
    PyTzInfoAccess,
};

use super::Refusal;
use super::clock::{self, Day, Time};
use super::numbers::{fixed, malformed};
use crate::errors::DataError;

fn outside(what: &'static str) -> PyErr {
    without_value(what, "Python")
}

fn without_value(what: &'static str, whose: &'static str) -> PyErr {
    DataError::new_err((
        "22008",
        format!("the database holds {what}, which {whose} has no value for"),
    ))
}

fn day_at(days: i64, what: &'static str) -> PyResult<Day> {
    Day::of(days).ok_or_else(|| outside(what))
}

/// Days from 1970-01-01, which may be before the year 1 or after 9999.
pub fn unix_days(raw: &[u8]) -> PyResult<i32> {
    let days = i32::from_be_bytes(fixed(raw, "date")?);
    let unix = days.checked_add((clock::POSTGRES - clock::UNIX) as i32);
    unix.filter(|_| days != i32::MIN)
        .ok_or_else(|| without_value("an infinite date", "Arrow"))
}

/// Microseconds from 1970-01-01, which may be before the year 1 or after 9999.
pub fn unix_microseconds(raw: &[u8]) -> PyResult<i64> {
    let number = i64::from_be_bytes(fixed(raw, "timestamp")?);
    let unix = number.checked_add((clock::POSTGRES - clock::UNIX) * clock::DAY);
    unix.filter(|_| number != i64::MIN)
        .ok_or_else(|| without_value("a timestamp after the year 294246, or infinite", "Arrow"))
}

/// Microseconds from midnight.
pub fn microseconds_of_day(raw: &[u8]) -> PyResult<i64> {
    let number = i64::from_be_bytes(fixed(raw, "time")?);
    Ok(Time::of(number).ok_or_else(midnight)?.number())
}

/// The microseconds of an interval without months.
pub fn microseconds_of_interval(raw: &[u8]) -> PyResult<i64> {
    let (days, rest) = days_of_interval(raw)?;
    let sum = days.checked_mul(clock::DAY);
    sum.and_then(|sum| sum.checked_add(rest))
        .ok_or_else(|| without_value("an interval of more than 292,000 years", "Arrow"))
}

fn midnight() -> PyErr {
    outside("the time 24:00:00")
}

pub fn date<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let days = i32::from_be_bytes(fixed(raw, "date")?);
    let day = day_at(
        i64::from(days) + clock::POSTGRES,
        "a date outside of the years 1 to 9999, or infinite",
    )?;
    Ok(PyDate::new(py, day.year, day.month, day.day)?.into_any())
}

fn of_time<'py>(
    py: Python<'py>,
    number: i64,
    zone: Option<&Bound<'py, PyTzInfo>>,
) -> PyResult<Bound<'py, PyAny>> {
    let time = Time::of(number).ok_or_else(midnight)?;
    Ok(PyTime::new(
        py,
        time.hour,
        time.minute,
        time.second,
        time.microsecond,
        zone,
    )?
    .into_any())
}

pub fn time<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    of_time(py, i64::from_be_bytes(fixed(raw, "time")?), None)
}

pub fn timetz<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let raw: [u8; 12] = fixed(raw, "time with time zone")?;
    let (number, west) = raw.split_at(8);
    let west = i32::from_be_bytes(fixed(west, "time with time zone")?);
    let east = west
        .checked_neg()
        .ok_or_else(|| malformed("time with time zone"))?;
    let zone = PyTzInfo::fixed_offset(py, PyDelta::new(py, 0, east, 0, true)?)
        .map_err(|_| malformed("time with time zone"))?; // PostgreSQL's are less than 16 hours
    of_time(
        py,
        i64::from_be_bytes(fixed(number, "time with time zone")?),
        Some(&zone),
    )
}

fn of_timestamp<'py>(
    py: Python<'py>,
    raw: &[u8],
    zone: Option<&Bound<'py, PyTzInfo>>,
) -> PyResult<Bound<'py, PyAny>> {
    const WHAT: &str = "a timestamp outside of the years 1 to 9999, or infinite";
    let number = i64::from_be_bytes(fixed(raw, "timestamp")?);
    let day = day_at(number.div_euclid(clock::DAY) + clock::POSTGRES, WHAT)?;
    let time = Time::of(number.rem_euclid(clock::DAY)).ok_or_else(|| outside(WHAT))?;
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

pub fn timestamp<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    of_timestamp(py, raw, None)
}

pub fn timestamptz<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let utc = PyTzInfo::utc(py)?;
    of_timestamp(py, raw, Some(&utc))
}

/// Whole days of 24 hours, and the microseconds that are left.
fn days_of_interval(raw: &[u8]) -> PyResult<(i64, i64)> {
    let raw: [u8; 16] = fixed(raw, "interval")?;
    let number = i64::from_be_bytes(fixed(&raw[..8], "interval")?);
    let days = i32::from_be_bytes(fixed(&raw[8..12], "interval")?);
    if raw[12..] != [0; 4] {
        return Err(outside(
            "an interval with months, whose length depends on the date, or an infinite one",
        ));
    }
    // Of one sign or not: 1 day and -1 hour are 23 hours.
    let whole = i64::from(days) + number.div_euclid(clock::DAY);
    Ok((whole, number.rem_euclid(clock::DAY)))
}

pub fn interval<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let (whole, rest) = days_of_interval(raw)?;
    let days = i32::try_from(whole)
        .ok()
        .filter(|days| days.unsigned_abs() <= 999_999_999);
    let days = days.ok_or_else(|| outside("an interval of more than 999,999,999 days"))?;
    let (seconds, rest) = ((rest / 1_000_000) as i32, (rest % 1_000_000) as i32);
    PyDelta::new(py, days, seconds, rest, true)
        .map(Bound::into_any)
        .map_err(|_| outside("an interval of more than 999,999,999 days"))
}

/// The day of a date or a date-time.
pub fn day_of(value: &impl PyDateAccess) -> Day {
    Day {
        year: value.get_year(),
        month: value.get_month(),
        day: value.get_day(),
    }
}

/// The time of a time or a date-time.
pub fn time_of(value: &impl PyTimeAccess) -> Time {
    let (hour, minute, second) = (value.get_hour(), value.get_minute(), value.get_second());
    Time {
        hour,
        minute,
        second,
        microsecond: value.get_microsecond(),
    }
}

/// Seconds that a value's zone is ahead of UTC.
pub fn offset_of(value: &Bound<'_, PyAny>) -> Result<i64, Refusal> {
    let offset = value.call_method0("utcoffset")?;
    let offset = offset
        .cast::<PyDelta>()
        .map_err(|_| Refusal::Expected("a zone that knows its offset"))?;
    if offset.get_microseconds() != 0 {
        return Err(Refusal::Expected("an offset of whole seconds"));
    }
    Ok(i64::from(offset.get_days()) * 86_400 + i64::from(offset.get_seconds()))
}

pub fn encode_date(value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    let date = value
        .cast::<PyDate>()
        .map_err(|_| Refusal::Expected("a date"))?;
    if value.is_instance_of::<PyDateTime>() {
        return Err(Refusal::Expected("a date, which a date-time is not"));
    }
    out.put_i32((day_of(date).number() - clock::POSTGRES) as i32);
    Ok(())
}

pub fn encode_time(
    value: &Bound<'_, PyAny>,
    zoned: bool,
    out: &mut BytesMut,
) -> Result<(), Refusal> {
    let time = value
        .cast::<PyTime>()
        .map_err(|_| Refusal::Expected("a time"))?;
    match (zoned, time.get_tzinfo().is_some()) {
        (true, false) => return Err(Refusal::Expected("a time with a zone")),
        (false, true) => return Err(Refusal::Expected("a time without a zone")),
        _ => {}
    }
    out.put_i64(time_of(time).number());
    if zoned {
        out.put_i32(-(offset_of(value)? as i32));
    }
    Ok(())
}

pub fn encode_timestamp(
    value: &Bound<'_, PyAny>,
    zoned: bool,
    out: &mut BytesMut,
) -> Result<(), Refusal> {
    let datetime = value
        .cast::<PyDateTime>()
        .map_err(|_| Refusal::Expected("a date-time"))?;
    let east = match (zoned, datetime.get_tzinfo().is_some()) {
        (true, false) => return Err(Refusal::Expected("a date-time with a zone")),
        (false, true) => return Err(Refusal::Expected("a date-time without a zone")),
        (true, true) => offset_of(value)?,
        (false, false) => 0,
    };
    let days = day_of(datetime).number() - clock::POSTGRES;
    out.put_i64(days * clock::DAY + time_of(datetime).number() - east * 1_000_000);
    Ok(())
}

pub fn encode_interval(value: &Bound<'_, PyAny>, out: &mut BytesMut) -> Result<(), Refusal> {
    let delta = value
        .cast::<PyDelta>()
        .map_err(|_| Refusal::Expected("a duration"))?;
    out.put_i64(i64::from(delta.get_seconds()) * 1_000_000 + i64::from(delta.get_microseconds()));
    out.put_i32(delta.get_days());
    out.put_i32(0);
    Ok(())
}
