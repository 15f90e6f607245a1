//! Values that rows of one answer have in common: a day is one object, however many rows have it.

use pyo3::prelude::*;

use super::{Kind, decode, times};

/// The first number of days that are kept.
const FEW: usize = 64;
/// The last one: as many days as 89 years have.
const MOST: usize = 1 << 15;

/// The days that were seen, each where the low bits of its number say.
#[derive(Default)]
pub struct Repeats {
    days: Vec<Option<(i32, Py<PyAny>)>>,
    /// How many were not found since the table grew.
    missed: usize,
}

impl Repeats {
    /// Decode one field, None for null, as `decode` does.
    #[inline]
    pub fn decode<'py>(
        &mut self,
        py: Python<'py>,
        kind: Kind,
        raw: Option<&[u8]>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match (kind, raw) {
            (Kind::Date, Some(raw)) => match raw.first_chunk::<4>() {
                Some(bytes) if raw.len() == 4 => self.day(py, i32::from_be_bytes(*bytes), raw),
                _ => decode(py, kind, Some(raw)),
            },
            _ => decode(py, kind, raw),
        }
    }

    fn day<'py>(&mut self, py: Python<'py>, day: i32, raw: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let place = self.place(day);
        if let Some(Some((known, value))) = self.days.get(place)
            && *known == day
        {
            return Ok(value.bind(py).clone());
        }
        let value = times::date(py, raw)?;
        self.missed += 1;
        if self.missed > self.days.len() && self.days.len() < MOST {
            self.grow();
        }
        let place = self.place(day);
        self.days[place] = Some((day, value.clone().unbind()));
        Ok(value)
    }

    fn place(&self, day: i32) -> usize {
        day as u32 as usize & self.days.len().wrapping_sub(1)
    }

    fn grow(&mut self) {
        let size = (self.days.len() * 4).clamp(FEW, MOST);
        let empty = std::iter::repeat_with(|| None).take(size).collect();
        let before = std::mem::replace(&mut self.days, empty);
        self.missed = 0;
        for (day, value) in before.into_iter().flatten() {
            let place = self.place(day);
            self.days[place] = Some((day, value));
        }
    }
}
