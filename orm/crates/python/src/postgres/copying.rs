//! COPY from the client: rows in PostgreSQL's binary form, and how it ends.

use std::time::Instant;

use bytes::BytesMut;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use queryengine_protocol::{copy, frontend};

use super::call::Work;
use super::errors::UsageError;
use super::link::Link;
use super::sending::{check_count, encoded, refused, unbound};
use super::session::{Event, Session};
use crate::values::Parameters;

/// Encode rows whose columns have these types.
fn encode_rows(
    py: Python<'_>,
    rows: &[Py<PyTuple>],
    types: &[u32],
    first: bool,
) -> PyResult<BytesMut> {
    let encoders = Parameters::new(types);
    let mut out = BytesMut::new();
    if first {
        copy::header(&mut out);
    }
    for row in rows {
        bind_row(&mut out, &encoders, row.bind(py))?;
    }
    Ok(out)
}

fn bind_row(
    out: &mut BytesMut,
    encoders: &Parameters,
    values: &Bound<'_, PyTuple>,
) -> PyResult<()> {
    check_count(encoders, values)?;
    copy::row(out, values.len(), |index, out| {
        encoded(encoders, values, index, out)
    })
    .map_err(unbound)
}

impl Link {
    /// Write rows of a binary COPY, whose columns have these types; `first` writes what goes before all rows.
    pub(super) fn copy(
        slf: &Bound<'_, Self>,
        rows: &[Py<PyTuple>],
        types: &[u32],
        first: bool,
    ) -> PyResult<()> {
        let data = encode_rows(slf.py(), rows, types, first)?;
        Self::lock(slf)?.session.copy_data(&data)?;
        Self::after(slf)
    }

    /// End a COPY, or break it off; the future gives the number of rows.
    pub(super) fn end_copy<'py>(
        slf: &Bound<'py, Self>,
        reason: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let future = Self::look(slf)?.create_future(py)?;
        let waits = future.clone().unbind();
        Self::lock(slf)?.session.copy_end(py, waits, reason)?;
        Self::after(slf)?;
        Ok(future)
    }
}

impl Session {
    /// Send rows, if the server still takes them: after an error of its own it does not.
    pub fn copy_data(&mut self, data: &[u8]) -> PyResult<()> {
        if self.is_copying_in() {
            return frontend::copy_data(&mut self.out, data).map_err(refused);
        }
        if self.copy_outcome.is_some() || self.end.is_some() {
            return Ok(());
        }
        Err(UsageError::new_err("no COPY is under way"))
    }

    /// Whether the server takes rows of a COPY; it does not after an error of its own.
    pub fn is_copying_in(&self) -> bool {
        let work = self.sent.back().map(|call| &call.work);
        matches!(
            work,
            Some(Work::CopyIn {
                started: true,
                ended: false,
                ..
            })
        )
    }

    /// End a COPY, or break it off; the future takes what it came to.
    pub fn copy_end(
        &mut self,
        py: Python<'_>,
        future: Py<PyAny>,
        reason: Option<&str>,
    ) -> PyResult<()> {
        if let Some(end) = &self.end {
            let error = end.error(py);
            self.events.push(Event::Done(future, Err(error)));
            return Ok(());
        }
        if let Some(outcome) = self.copy_outcome.take() {
            self.events.push(Event::Done(future, outcome));
            return Ok(());
        }
        let Some(call) = self.sent.back_mut() else {
            return Err(UsageError::new_err("no COPY is under way"));
        };
        let Work::CopyIn {
            started: true,
            ended,
            ..
        } = &mut call.work
        else {
            return Err(UsageError::new_err("no COPY is under way"));
        };
        *ended = true;
        call.since = Instant::now();
        call.future = Some(future);
        match reason {
            None => {
                let mut last = BytesMut::new();
                copy::trailer(&mut last);
                frontend::copy_data(&mut self.out, &last).map_err(refused)?;
                frontend::copy_done(&mut self.out);
            }
            Some(reason) => frontend::copy_fail(&mut self.out, reason).map_err(refused)?,
        }
        Ok(())
    }
}
