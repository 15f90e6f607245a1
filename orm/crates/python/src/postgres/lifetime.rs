//! How a `Link` begins, and what of Python's it holds: the collector has to see all that may lead back to it.

use std::time::Duration;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyMemoryView};

use super::call::{Call, Work};
use super::handshake::Phase;
use super::link::Link;
use super::session::{Event, Session};

/// How many bytes are received at once.
const SPACE: usize = 64 << 10;

impl Link {
    /// A link without a transport; a time-out of no finite number of seconds from 0 is none.
    pub(super) fn made(
        py: Python<'_>,
        event_loop: Py<PyAny>,
        session: Session,
        timeout: Option<f64>,
    ) -> PyResult<Self> {
        let space = PyByteArray::new(py, &vec![0; SPACE]);
        let view = PyMemoryView::from(space.as_any())?;
        Ok(Self {
            session,
            phase: Phase::Silent,
            progress: None,
            view: view.into_any().unbind(),
            space: space.unbind(),
            event_loop: Some(event_loop),
            transport: None,
            is_flushing: false,
            timeout: timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            is_timed: false,
            is_shared: false,
        })
    }

    pub(super) fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        visit.call(&self.transport)?;
        visit.call(&self.progress)?;
        let mut calls = self.session.sent.iter().chain(&self.session.waiting);
        calls.try_for_each(|call| call.visit(visit))?;
        self.session
            .events
            .iter()
            .try_for_each(|event| match event {
                Event::Done(future, _) => visit.call(future),
                Event::Copied(sink, _) => visit.call(sink),
                _ => Ok(()),
            })
    }

    /// Let go of what `visit` shows.
    pub(super) fn let_go(&mut self) {
        self.event_loop = None;
        self.transport = None;
        self.progress = None;
        self.session.sent.clear();
        self.session.waiting.clear();
        self.session.events.clear();
    }
}

impl Call {
    fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.future)?;
        match &self.work {
            Work::Query(query) => {
                visit.call(&query.parameters)?;
                visit.call(&query.result)
            }
            Work::Many { rows, .. } => rows.iter().try_for_each(|row| visit.call(row)),
            Work::CopyOut { sink, .. } => visit.call(sink),
            _ => Ok(()),
        }
    }
}
