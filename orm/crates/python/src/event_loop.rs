//! Futures of the event loop that something belongs to, and of no other: their waiters would never wake.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::errors::UsageError;

static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static OTHER_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// A future of this event loop, if it is the one that runs.
pub fn future<'py>(own: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = own.py();
    let running = RUNNING
        .import(py, "asyncio", "_get_running_loop")?
        .call0()?;
    if !running.is(own) {
        let words = OTHER_LOOP.import(py, "queryengine_orm.errors", "OTHER_LOOP")?;
        return Err(UsageError::new_err((words.clone().unbind(),)));
    }
    own.call_method0(intern!(py, "create_future"))
}
