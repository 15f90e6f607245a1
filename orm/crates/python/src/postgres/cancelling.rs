//! Cancelling on the server: the request, which travels by another connection, and the `Sync` that ends it here.

use bytes::BytesMut;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use queryengine_protocol::frontend;

use super::link::Link;
use super::sending::refused;

impl Link {
    /// What a new connection has to send; none if the server gave no key.
    pub(super) fn request_to_cancel<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let Some((process, key)) = &self.session.key else {
            return Ok(None);
        };
        let mut out = BytesMut::new();
        frontend::cancel_request(&mut out, *process, key).map_err(refused)?;
        Ok(Some(PyBytes::new(py, &out)))
    }

    /// Go on behind a `Sync`; the future is done when it has returned.
    pub(super) fn go_on<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let future = Self::look(slf)?.create_future(py)?;
        let waits = future.clone().unbind();
        Self::lock(slf)?.session.barrier(py, waits);
        Self::after(slf)?;
        Ok(future)
    }
}
