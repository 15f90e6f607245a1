//! The connection as asyncio drives it: a `BufferedProtocol` whose calls give asyncio's own futures.

use std::time::Duration;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyDict};
use pyo3::{IntoPyObjectExt, intern};
use queryengine_protocol::errors::ErrorFields;

use super::call::{Call, Work};
use super::errors::UsageError;
use super::handshake::{self, Credentials, Phase, Progress};
use super::session::{Event, Session};
use crate::event_loop;

/// A query, and the reset that follows it.
const FEW: usize = 2;

/// One connection to PostgreSQL, as asyncio's transport knows it; `Connection` is written on it in Python.
#[pyclass(subclass, module = "queryengine_orm._native")]
pub struct Link {
    pub(super) session: Session,
    pub(super) phase: Phase,
    /// Who waits for the next step of the handshake.
    pub(super) progress: Option<Py<PyAny>>,
    /// What asyncio receives into, and how it is shown to it.
    pub(super) space: Py<PyByteArray>,
    pub(super) view: Py<PyAny>,
    pub(super) event_loop: Option<Py<PyAny>>,
    pub(super) transport: Option<Py<PyAny>>,
    /// Whether what is in `session.out` will be sent in this turn of the loop.
    pub(super) is_flushing: bool,
    pub(super) timeout: Option<Duration>,
    /// Whether somebody will look at the time.
    pub(super) is_timed: bool,
    /// Whether several tasks use it, so that each leaves it clean.
    pub(super) is_shared: bool,
}

impl Link {
    /// The link, to be changed. Code of a parameter's class, or a finalizer, may run while it is: not for them.
    pub(super) fn lock<'py>(slf: &Bound<'py, Self>) -> PyResult<PyRefMut<'py, Self>> {
        slf.try_borrow_mut().map_err(|_| at_work())
    }

    /// The link, to be looked at.
    pub(super) fn look<'py>(slf: &Bound<'py, Self>) -> PyResult<PyRef<'py, Self>> {
        slf.try_borrow().map_err(|_| at_work())
    }

    pub(super) fn create_future<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        event_loop::future(self.event_loop.as_ref().ok_or_else(closed)?.bind(py))
    }

    /// Take a call and return its future.
    pub(super) fn call<'py>(slf: &Bound<'py, Self>, work: Work) -> PyResult<Bound<'py, PyAny>> {
        let future = Self::look(slf)?.create_future(slf.py())?;
        Self::call_for(slf, &future, work)?;
        Ok(future)
    }

    /// Take a call for a future that somebody waits for already.
    pub(super) fn call_for(
        slf: &Bound<'_, Self>,
        future: &Bound<'_, PyAny>,
        work: Work,
    ) -> PyResult<()> {
        let py = slf.py();
        future.call_method1(
            intern!(py, "add_done_callback"),
            (slf.getattr(intern!(py, "_settled"))?,),
        )?;
        Self::look_for_cancelled(slf)?;
        let call = Call::new(Some(future.clone().unbind()), work);
        Self::lock(slf)?.session.submit(py, call);
        Self::after(slf)?;
        Self::watch(slf)
    }

    /// A future that was cancelled in this turn of the loop says so in the next: too late for what is sent now.
    fn look_for_cancelled(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = Self::look(slf)?;
        if this.session.sent.len() > FEW {
            return Ok(()); // it is not alone anyhow
        }
        let futures = this
            .session
            .sent
            .iter()
            .filter_map(|call| call.future.as_ref());
        let futures: Vec<_> = futures.map(|future| future.clone_ref(py)).collect();
        drop(this);
        for future in futures {
            let future = future.bind(py);
            if future.call_method0(intern!(py, "cancelled"))?.is_truthy()? {
                Self::lock(slf)?.session.abandon(future);
            }
        }
        Ok(())
    }

    /// Do what the session left to be done: tell futures and hooks, and see that what was written is sent.
    ///
    /// A hook that raises keeps nobody else from being told: the loop hears of it, as of any callback's error.
    pub(super) fn after(slf: &Bound<'_, Self>) -> PyResult<()> {
        let events = std::mem::take(&mut Self::lock(slf)?.session.events);
        let mut stops = Ok(());
        for event in events {
            if let Err(error) = Self::tell(slf, event)
                && let Err(error) = Self::complain(slf, error)
            {
                stops = Err(error);
            }
        }
        Self::see_to_sending(slf)?;
        stops
    }

    fn tell(slf: &Bound<'_, Self>, event: Event) -> PyResult<()> {
        let py = slf.py();
        match event {
            Event::Done(future, outcome) => {
                let future = future.bind(py);
                // Its call is over: the loop need not say in a turn of its own that the future is done.
                let settled = slf.getattr(intern!(py, "_settled"))?;
                future.call_method1(intern!(py, "remove_done_callback"), (settled,))?;
                settle(future, outcome)?;
            }
            Event::Notice(fields) => {
                slf.call_method1(intern!(py, "_on_notice"), (report(py, &fields)?,))?;
            }
            Event::Notification(process, channel, payload) => {
                let said = (process, &*channel, &*payload);
                slf.call_method1(intern!(py, "_on_notification"), said)?;
            }
            Event::Copied(sink, piece) => {
                sink.call1(py, (piece,))?;
            }
            Event::Alone => {
                slf.call_method0(intern!(py, "_on_alone"))?;
            }
            Event::Drop => Self::drop_transport(slf)?,
        }
        Ok(())
    }

    /// Have the loop report an error; what ends a program, such as KeyboardInterrupt, is none, and comes back.
    fn complain(slf: &Bound<'_, Self>, error: PyErr) -> PyResult<()> {
        let py = slf.py();
        if !error.is_instance_of::<PyException>(py) {
            return Err(error);
        }
        let event_loop = Self::look(slf)?
            .event_loop
            .as_ref()
            .ok_or_else(closed)?
            .clone_ref(py);
        let context = PyDict::new(py);
        context.set_item("message", "a hook of a PostgreSQL connection failed")?;
        context.set_item("exception", error.into_value(py))?;
        context.set_item("protocol", slf)?;
        event_loop.call_method1(py, intern!(py, "call_exception_handler"), (context,))?;
        Ok(())
    }

    fn see_to_sending(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let mut this = Self::lock(slf)?;
        if !this.session.out.is_empty() && !this.is_flushing {
            this.is_flushing = true;
            let event_loop = this.event_loop.as_ref().ok_or_else(closed)?.clone_ref(py);
            drop(this);
            let flush = slf.getattr(intern!(py, "_flush"))?;
            event_loop.call_method1(py, intern!(py, "call_soon"), (flush,))?;
        }
        Ok(())
    }

    /// Say that it may be used by others, if several tasks use it and nothing is under way any more.
    pub(super) fn tell_if_idle(slf: &Bound<'_, Self>) -> PyResult<()> {
        let mut this = Self::lock(slf)?;
        if this.session.turns_idle() && this.is_shared {
            drop(this);
            slf.call_method0(intern!(slf.py(), "_on_idle"))?;
        }
        Ok(())
    }

    /// What was asked may have changed the session; if several tasks use it, it is made clean at once.
    pub(super) fn leave(slf: &Bound<'_, Self>, clean: bool) -> PyResult<()> {
        if clean {
            return Ok(());
        }
        let mut this = Self::lock(slf)?;
        this.session.is_dirty = true;
        if this.is_shared {
            this.session.reset(slf.py());
            drop(this);
            return Self::after(slf);
        }
        Ok(())
    }

    fn drop_transport(slf: &Bound<'_, Self>) -> PyResult<()> {
        let transport = Self::look(slf)?
            .transport
            .as_ref()
            .map(|transport| transport.clone_ref(slf.py()));
        if let Some(transport) = transport {
            transport.call_method0(slf.py(), intern!(slf.py(), "abort"))?;
        }
        slf.call_method0(intern!(slf.py(), "_on_end"))?;
        Ok(())
    }

    /// See to it that somebody looks at the time when the first call may have taken too long.
    pub(super) fn watch(slf: &Bound<'_, Self>) -> PyResult<()> {
        let mut this = Self::lock(slf)?;
        let Some(timeout) = this.timeout.filter(|_| !this.is_timed) else {
            return Ok(());
        };
        let Some(since) = this.session.oldest() else {
            return Ok(());
        };
        this.is_timed = true;
        let event_loop = this
            .event_loop
            .as_ref()
            .ok_or_else(closed)?
            .clone_ref(slf.py());
        drop(this);
        let left = timeout.saturating_sub(since.elapsed()).as_secs_f64();
        let look = slf.getattr(intern!(slf.py(), "_look_at_time"))?;
        event_loop.call_method1(slf.py(), intern!(slf.py(), "call_later"), (left, look))?;
        Ok(())
    }

    /// Take what came before the session; a step that is done tells the future that waits for it.
    pub(super) fn shake(&mut self, py: Python<'_>, raw: &[u8]) {
        let progress = match &mut self.phase {
            Phase::Silent | Phase::Open => {
                return self.session.violation(py, "bytes that nobody asked for");
            }
            Phase::Asked => handshake::tls(raw),
            phase => {
                self.session.decoder.feed(raw);
                handshake::receive(py, phase, &mut self.session)
            }
        };
        let outcome = match progress {
            Ok(Progress::Wait) => return,
            Ok(Progress::Tls(is_there)) => {
                self.phase = Phase::Silent;
                is_there.into_py_any(py)
            }
            Ok(Progress::Derive(derivation)) => derivation.into_py_any(py),
            Ok(Progress::Open) => Ok(py.None()),
            Err(error) => {
                self.phase = Phase::Silent;
                Err(error)
            }
        };
        if let Some(future) = self.progress.take() {
            self.session.events.push(Event::Done(future, outcome));
        }
    }

    /// Say who is there; what the server answers is the next step.
    pub(super) fn begin<'py>(
        slf: &Bound<'py, Self>,
        parameters: &[(String, String)],
        credentials: Credentials<'_>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut this = Self::lock(slf)?;
        handshake::start(&mut this.session.out, parameters)?;
        this.phase = Phase::Proving(Box::new(credentials.authenticator()));
        drop(this);
        Self::wait_for_progress(slf)
    }

    pub(super) fn wait_for_progress<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let future = Self::look(slf)?.create_future(slf.py())?;
        Self::lock(slf)?.progress = Some(future.clone().unbind());
        Self::after(slf)?;
        Ok(future)
    }
}

/// Give a future what it waits for; one that was cancelled takes nothing.
pub(super) fn settle(future: &Bound<'_, PyAny>, outcome: PyResult<Py<PyAny>>) -> PyResult<()> {
    let py = future.py();
    let settled = match outcome {
        Ok(value) => future.call_method1(intern!(py, "set_result"), (value,)),
        Err(error) => future.call_method1(intern!(py, "set_exception"), (error.into_value(py),)),
    };
    match settled {
        Err(error) if !future.call_method0(intern!(py, "done"))?.is_truthy()? => Err(error),
        _ => Ok(()),
    }
}

fn at_work() -> PyErr {
    UsageError::new_err("the connection is at work with a call, whose own code cannot use it")
}

fn closed() -> PyErr {
    UsageError::new_err("the connection is closed")
}

/// A server's report as keyword arguments of Python's.
fn report<'py>(py: Python<'py>, fields: &ErrorFields) -> PyResult<Bound<'py, PyDict>> {
    let report = PyDict::new(py);
    report.set_item(
        "severity",
        fields
            .severity
            .map(|severity| format!("{severity:?}").to_uppercase()),
    )?;
    report.set_item("sqlstate", fields.code.as_str())?;
    report.set_item("message", &fields.message)?;
    report.set_item("detail", &fields.detail)?;
    report.set_item("hint", &fields.hint)?;
    Ok(report)
}
