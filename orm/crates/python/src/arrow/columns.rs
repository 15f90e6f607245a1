//! The values of a column as the buffers of an Arrow array: a bitmap of what is not null, then the values.

use pyo3::prelude::*;

use super::c_data::{Column, Held};

/// One bit for each value, the lowest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    length: usize,
    unset: usize,
}

impl Bits {
    fn of(capacity: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity.div_ceil(8)),
            ..Self::default()
        }
    }

    fn push(&mut self, is_set: bool) {
        if self.length.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if is_set {
            self.bytes[self.length / 8] |= 1 << (self.length % 8);
        } else {
            self.unset += 1;
        }
        self.length += 1;
    }
}

fn column(valid: Bits, buffers: impl IntoIterator<Item = Box<dyn Held>>) -> Column {
    let (length, nulls) = (valid.length, valid.unset);
    let valid: Option<Box<dyn Held>> = (nulls > 0).then(|| Box::new(valid.bytes) as _);
    Column {
        length,
        nulls,
        buffers: std::iter::once(valid)
            .chain(buffers.into_iter().map(Some))
            .collect(),
    }
}

/// Values of a fixed width.
pub fn fixed_width<T, R: Copy + Default + Send + 'static>(
    values: impl Iterator<Item = Option<T>>,
    read: impl Fn(T) -> PyResult<R>,
) -> PyResult<Column> {
    let capacity = values.size_hint().0;
    let (mut valid, mut out) = (Bits::of(capacity), Vec::with_capacity(capacity));
    for value in values {
        valid.push(value.is_some());
        out.push(value.map(&read).transpose()?.unwrap_or_default());
    }
    Ok(column(valid, [Box::new(out) as Box<dyn Held>]))
}

/// Truth values, a bit each.
pub fn truth<T>(
    values: impl Iterator<Item = Option<T>>,
    read: impl Fn(T) -> PyResult<bool>,
) -> PyResult<Column> {
    let capacity = values.size_hint().0;
    let (mut valid, mut out) = (Bits::of(capacity), Bits::of(capacity));
    for value in values {
        valid.push(value.is_some());
        out.push(value.map(&read).transpose()?.unwrap_or_default());
    }
    Ok(column(valid, [Box::new(out.bytes) as Box<dyn Held>]))
}

/// Texts or bytes: where each begins, of 64 bits, and all of them in a row. `write` appends a value.
pub fn variable_width<T>(
    values: impl Iterator<Item = Option<T>>,
    write: impl Fn(T, &mut Vec<u8>) -> PyResult<()>,
) -> PyResult<Column> {
    let capacity = values.size_hint().0;
    let (mut valid, mut out) = (Bits::of(capacity), Vec::new());
    let mut places = Vec::with_capacity(capacity + 1);
    places.push(0_i64);
    for value in values {
        valid.push(value.is_some());
        if let Some(value) = value {
            write(value, &mut out)?;
        }
        places.push(out.len() as i64);
    }
    Ok(column(
        valid,
        [Box::new(places) as Box<dyn Held>, Box::new(out)],
    ))
}
