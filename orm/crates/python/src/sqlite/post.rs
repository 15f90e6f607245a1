//! Where threads' answers become results of futures: one for each event loop and pool.

use std::collections::HashMap;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;
use queryengine_sqlite::{Answer, Cancel, Error, Mailbox};

use super::answers::{Plans, Wanted, exception};
use crate::errors::ConnectionLost;
use crate::event_loop;

type Letter = (u64, Result<Answer, Error>);
/// What a thread calls when it is done.
pub type Done = Box<dyn FnOnce(Result<Answer, Error>) + Send>;

/// A call that waits for a thread.
struct Waiting {
    future: Py<PyAny>,
    wanted: Wanted,
    sql: String,
    cancel: Cancel,
}

/// What sessions of one pool share.
pub struct Post {
    mailbox: Arc<Mailbox<Letter>>,
    waiting: Mutex<(u64, HashMap<u64, Waiting>)>,
    plans: Plans,
    event_loop: Py<PyAny>,
    /// Whether the database is closed, or about to be: nobody gets an answer any more.
    is_over: AtomicBool,
}

impl Post {
    /// The columns that are remembered.
    pub fn plans(&self) -> &Plans {
        &self.plans
    }

    fn waiting(&self) -> MutexGuard<'_, (u64, HashMap<u64, Waiting>)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Make a future, and what a thread calls to complete it; cancelling the future cancels the work.
    pub fn expect<'py>(
        &self,
        py: Python<'py>,
        sql: &str,
        wanted: Wanted,
        cancel: &Cancel,
    ) -> PyResult<(Bound<'py, PyAny>, Done)> {
        let future = event_loop::future(self.event_loop.bind(py))?;
        let canceller = Canceller {
            cancel: cancel.clone(),
        };
        future.call_method1(intern!(py, "add_done_callback"), (canceller,))?;
        let mut waiting = self.waiting();
        waiting.0 += 1;
        let number = waiting.0;
        waiting.1.insert(
            number,
            Waiting {
                future: future.clone().unbind(),
                wanted,
                sql: sql.to_owned(),
                cancel: cancel.clone(),
            },
        );
        let mailbox = Arc::clone(&self.mailbox);
        Ok((
            future,
            Box::new(move |answer| mailbox.put((number, answer))),
        ))
    }

    /// Whether calls are refused.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// A future that has failed, of a call that nobody will do any more.
    pub fn refuse<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let future = event_loop::future(self.event_loop.bind(py))?;
        future.call_method1(intern!(py, "set_exception"), (lost().into_value(py),))?;
        Ok(future)
    }

    /// Stop what runs, let all that wait for it fail, and refuse what comes.
    fn give_up(&self, py: Python<'_>) -> PyResult<()> {
        self.is_over.store(true, Ordering::Relaxed);
        let waiting = std::mem::take(&mut self.waiting().1);
        for waits in waiting.into_values() {
            waits.cancel.cancel();
            let future = waits.future.bind(py);
            if !future.call_method0(intern!(py, "done"))?.is_truthy()? {
                future.call_method1(intern!(py, "set_exception"), (lost().into_value(py),))?;
            }
        }
        Ok(())
    }

    fn deliver(&self, py: Python<'_>) -> PyResult<()> {
        for (number, answer) in self.mailbox.take() {
            let Some(waiting) = self.waiting().1.remove(&number) else {
                continue;
            };
            let future = waiting.future.bind(py);
            if future.call_method0(intern!(py, "done"))?.is_truthy()? {
                continue; // it was cancelled
            }
            let given = match answer {
                Ok(answer) => self.plans().give(py, answer, &waiting.wanted),
                Err(error) => Err(exception(py, &error, &waiting.sql)),
            };
            match given {
                Ok(value) => future.call_method1(intern!(py, "set_result"), (value,))?,
                Err(error) => {
                    future.call_method1(intern!(py, "set_exception"), (error.into_value(py),))?
                }
            };
        }
        Ok(())
    }
}

fn lost() -> PyErr {
    ConnectionLost::new_err("the database was closed under the call")
}

/// The answers of SQLite's threads for one event loop: `deliver` has to run when `fileno` is readable.
#[pyclass(frozen, module = "queryengine_orm._native")]
pub struct SQLitePost {
    /// What its sessions share.
    pub post: Arc<Post>,
}

#[pymethods]
impl SQLitePost {
    #[new]
    fn new(r#loop: Py<PyAny>) -> PyResult<Self> {
        let mailbox = Mailbox::new().map_err(|error| PyOSError::new_err(error.to_string()))?;
        let post = Post {
            mailbox: Arc::new(mailbox),
            waiting: Mutex::default(),
            plans: Plans::default(),
            event_loop: r#loop,
            is_over: AtomicBool::new(false),
        };
        Ok(Self {
            post: Arc::new(post),
        })
    }

    /// Return the descriptor that is readable while answers wait.
    fn fileno(&self) -> RawFd {
        self.post.mailbox.descriptor()
    }

    /// Complete the futures whose answers wait.
    fn deliver(&self, py: Python<'_>) -> PyResult<()> {
        self.post.deliver(py)
    }

    /// Stop what threads do: the calls that wait for it fail with ConnectionLost, and those that come.
    fn give_up(&self, py: Python<'_>) -> PyResult<()> {
        self.post.give_up(py)
    }

    /// Return how many calls wait for a thread.
    fn waiting(&self) -> usize {
        self.post.waiting().1.len()
    }
}

/// Told when a future is done: stops the thread's work where nobody waits for it.
#[pyclass(frozen)]
struct Canceller {
    cancel: Cancel,
}

#[pymethods]
impl Canceller {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        if future
            .call_method0(intern!(future.py(), "cancelled"))?
            .is_truthy()?
        {
            self.cancel.cancel();
        }
        Ok(())
    }
}
