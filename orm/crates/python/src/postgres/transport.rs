//! What asyncio's transport and its time ask of a connection: bytes that came, bytes that go, and the end.

use std::time::Instant;

use bytes::BytesMut;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use queryengine_protocol::frontend;

use super::errors::{End, TimeoutExceeded};
use super::handshake::Phase;
use super::link::{Link, settle};
use super::session::Event;

/// Above this the space for what is to be sent is given back.
const KEPT: usize = 1 << 20;

impl Link {
    /// The transport has no connection any more.
    pub(super) fn lost(slf: &Bound<'_, Self>, exc: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        let py = slf.py();
        let why = match &exc {
            Some(error) => format!("the connection was lost: {}", error.str()?),
            None => "the connection was closed".to_owned(),
        };
        let mut this = Self::lock(slf)?;
        this.transport = None;
        if let Some(future) = this.progress.take() {
            let error = End::Lost(why.clone()).error(py);
            this.session.events.push(Event::Done(future, Err(error)));
        }
        this.session.fail(py, End::Lost(why));
        drop(this);
        Self::after(slf)
    }

    /// So many bytes are in the space.
    pub(super) fn received(slf: &Bound<'_, Self>, nbytes: usize) -> PyResult<()> {
        let py = slf.py();
        let mut guard = Self::lock(slf)?;
        let this = &mut *guard;
        let space = this.space.clone_ref(py).into_bound(py);
        // SAFETY: the view that `get_buffer` gives keeps the bytearray from being resized, the interpreter is
        // attached, and nothing below runs code that could write into it before the slice is out of use.
        let received = unsafe { space.as_bytes() }
            .get(..nbytes)
            .unwrap_or_default();
        match this.phase {
            Phase::Open => this.session.decoder.feed(received),
            _ => this.shake(py, received),
        }
        if matches!(this.phase, Phase::Open) {
            this.session.receive(py);
        }
        drop(guard);
        Self::after(slf)?;
        Self::tell_if_idle(slf)
    }

    /// The transport takes more.
    pub(super) fn write_on(slf: &Bound<'_, Self>) -> PyResult<()> {
        let mut this = Self::lock(slf)?;
        this.session.is_paused = false;
        this.session.pump(slf.py());
        drop(this);
        slf.call_method0(intern!(slf.py(), "_on_writable"))?;
        Self::after(slf)
    }

    /// Send what was written.
    pub(super) fn flush(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let mut this = Self::lock(slf)?;
        this.is_flushing = false;
        let Some(transport) = this
            .transport
            .as_ref()
            .map(|transport| transport.clone_ref(py))
        else {
            return Ok(());
        };
        let data = PyBytes::new(py, &this.session.out);
        this.session.out.clear();
        if this.session.out.capacity() > KEPT {
            this.session.out = BytesMut::new();
        }
        drop(this);
        transport.call_method1(py, intern!(py, "write"), (data,))?;
        Ok(())
    }

    /// Give up the calls that took too long.
    pub(super) fn give_up_late(slf: &Bound<'_, Self>) -> PyResult<()> {
        let mut this = Self::lock(slf)?;
        this.is_timed = false;
        let since = this
            .timeout
            .and_then(|timeout| Instant::now().checked_sub(timeout));
        let late = since
            .map(|since| this.session.overdue(since))
            .unwrap_or_default();
        drop(this);
        for future in late {
            let words = "the server did not answer within the connection's time-out";
            settle(future.bind(slf.py()), Err(TimeoutExceeded::new_err(words)))?;
        }
        Self::after(slf)?;
        Self::tell_if_idle(slf)?;
        Self::watch(slf)
    }

    /// Let the server wait, because who takes what it writes is slower.
    pub(super) fn hold_back(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::lock(slf)?.session.is_held_back = true;
        Self::tell_transport(slf, intern!(slf.py(), "pause_reading"))
    }

    /// Read on.
    pub(super) fn read_on(slf: &Bound<'_, Self>) -> PyResult<()> {
        if !Self::look(slf)?.session.is_held_back {
            return Ok(());
        }
        Self::lock(slf)?.session.read_on();
        Self::tell_transport(slf, intern!(slf.py(), "resume_reading"))?;
        Self::watch(slf)
    }

    fn tell_transport(slf: &Bound<'_, Self>, what: &Bound<'_, PyString>) -> PyResult<()> {
        let py = slf.py();
        let this = Self::look(slf)?;
        let transport = this.transport.as_ref().map(|own| own.clone_ref(py));
        drop(this);
        let Some(transport) = transport else {
            return Ok(());
        };
        let is_closing = transport.call_method0(py, intern!(py, "is_closing"))?;
        if !is_closing.is_truthy(py)? {
            transport.call_method0(py, what)?;
        }
        Ok(())
    }

    /// Take leave of the server; what is under way fails.
    pub(super) fn take_leave(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let mut this = Self::lock(slf)?;
        let transport = this.transport.take();
        let end = End::Lost("the connection was closed".to_owned());
        this.session.fail(py, end);
        drop(this);
        if let Some(transport) = transport {
            let unsent = transport.call_method0(py, intern!(py, "get_write_buffer_size"))?;
            if unsent.is_truthy(py)? {
                // A server that does not read on would keep the socket open for as long.
                transport.call_method0(py, intern!(py, "abort"))?;
            } else {
                let mut out = BytesMut::new();
                frontend::terminate(&mut out);
                transport.call_method1(py, intern!(py, "write"), (PyBytes::new(py, &out),))?;
                transport.call_method0(py, intern!(py, "close"))?;
            }
        }
        Self::after(slf)
    }
}
