//! Columns of what SQLite gave.

use pyo3::prelude::*;
use queryengine_sqlite::{Cell, Cells};

use super::c_data::Column;
use super::columns::{fixed_width, truth, variable_width};
use super::layout::{Layout, odd};
use crate::values::Shown;
use crate::values::clock::{self, Day, Time};
use crate::values::stored::{float_of, integer_of, no_value, read_instant, read_naive, read_uuid};

/// Read the values of one column.
pub fn column(cells: &Cells, place: usize, layout: Layout) -> PyResult<Column> {
    let cells = (0..cells.len()).map(|row| match cells.get(row, place) {
        Cell::Null => None,
        cell => Some(cell),
    });
    match layout {
        Layout::Bool => truth(cells, |cell| match cell {
            Cell::Integer(value @ (0 | 1)) => Ok(value == 1),
            _ => Err(no_value(Shown::Bool)),
        }),
        Layout::Int64 => fixed_width(cells, integer_of),
        Layout::Float64 => fixed_width(cells, float_of),
        Layout::Text => variable_width(cells, |cell, out| {
            let text = text_of(cell, Shown::Text)?;
            std::str::from_utf8(text).map_err(|_| no_value(Shown::Text))?;
            out.extend_from_slice(text);
            Ok(())
        }),
        Layout::Bytes => variable_width(cells, |cell, out| match cell {
            Cell::Blob(blob) => {
                out.extend_from_slice(blob);
                Ok(())
            }
            _ => Err(no_value(Shown::Bytes)),
        }),
        Layout::Date => fixed_width(cells, |cell| {
            let day = read(cell, Shown::Date, Day::read)?;
            Ok((day.number() - clock::UNIX) as i32)
        }),
        Layout::Time => fixed_width(cells, |cell| {
            Ok(read(cell, Shown::Time, Time::read)?.number())
        }),
        Layout::Timestamp => fixed_width(cells, |cell| {
            read(cell, Shown::DateTime, read_naive).map(microseconds)
        }),
        Layout::TimestampUtc => fixed_width(cells, |cell| {
            read(cell, Shown::DateTimeTz, read_instant).map(microseconds)
        }),
        Layout::Duration => fixed_width(cells, |cell| match cell {
            Cell::Integer(value) => Ok(value),
            _ => Err(no_value(Shown::Interval)),
        }),
        Layout::Uuid => fixed_width(cells, |cell| match cell {
            Cell::Blob(blob) => blob.try_into().map_err(|_| no_value(Shown::Uuid)),
            cell => Ok(read(cell, Shown::Uuid, read_uuid)?.to_be_bytes()),
        }),
        Layout::Int16 | Layout::Int32 | Layout::UInt32 | Layout::Float32 => Err(odd()),
    }
}

fn text_of(cell: Cell<'_>, shown: Shown) -> PyResult<&[u8]> {
    match cell {
        Cell::Text(text) => Ok(text),
        _ => Err(no_value(shown)),
    }
}

fn read<T>(cell: Cell<'_>, shown: Shown, read: impl Fn(&[u8]) -> Option<T>) -> PyResult<T> {
    read(text_of(cell, shown)?).ok_or_else(|| no_value(shown))
}

fn microseconds((day, time): (Day, Time)) -> i64 {
    (day.number() - clock::UNIX) * clock::DAY + time.number()
}
