//! One connection of SQLite, as Python's pool uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use queryengine_sqlite::{
    Budget, Cancel, Inline, Job, Mode, Session, Settings, Value, Work, surely_reads,
};

use super::answers::{Ready, Wanted, exception};
use super::post::{Post, SQLitePost};
use crate::errors::{ParameterError, UsageError};
use crate::values::given::given;
use crate::values::{Refusal, stored};

/// A task that has had so much of the loop's time lets it run.
const FAIR: u64 = 2_000_000;

/// One connection and its thread.
#[pyclass(frozen, module = "queryengine_orm._native")]
pub struct SQLiteSession {
    session: Session,
    post: Arc<Post>,
    budget: Budget,
    /// Nanoseconds of the loop that were used since it was let run.
    spent: AtomicU64,
    cursors: AtomicU64,
}

#[pymethods]
impl SQLiteSession {
    /// Open a connection on a thread of its own; the second value is a future of None.
    #[staticmethod]
    #[pyo3(signature = (post, path, *, reads, busy, statements, steps, time, script))]
    #[allow(clippy::too_many_arguments)] // settings, each by its name
    fn open<'py>(
        py: Python<'py>,
        post: &SQLitePost,
        path: String,
        reads: bool,
        busy: f64,
        statements: usize,
        steps: u32,
        time: f64,
        script: String,
    ) -> PyResult<(Self, Bound<'py, PyAny>)> {
        let mode = if reads { Mode::Read } else { Mode::Write };
        let settings = Settings {
            path,
            mode,
            busy: seconds(busy)?,
            statements,
            script,
        };
        let post = Arc::clone(&post.post);
        let (future, done) = post.expect(py, "", Wanted::Nothing, &Cancel::default())?;
        let session = Session::start(settings, done)
            .map_err(|error| PyOSError::new_err(error.to_string()))?;
        let budget = Budget {
            steps,
            time: seconds(time)?,
        };
        let made = Self {
            session,
            post,
            budget,
            spent: AtomicU64::new(0),
            cursors: AtomicU64::new(0),
        };
        Ok((made, future))
    }

    /// Run one statement: a short query at once, the rest on the thread.
    ///
    /// `write=False` returns None, and does nothing, for what is no query, or may be none. `inside` says that it belongs to a
    /// transaction, which `begin` begins before it.
    #[pyo3(signature = (sql, parameters, result, *, write=true, inside=false, begin=None))]
    #[allow(clippy::too_many_arguments)] // each says one thing, by its name
    fn query<'py>(
        &self,
        py: Python<'py>,
        sql: &str,
        parameters: &Bound<'py, PyAny>,
        result: Option<Py<PyAny>>,
        write: bool,
        inside: bool,
        begin: Option<&str>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let values = values(parameters)?;
        let result = kinds(py, result)?;
        let begin = begin.map(beginning).transpose()?;
        let values = if begin.is_some() || self.post.is_over() {
            values
        } else {
            let start = Instant::now();
            match self.session.inline(sql, values, self.budget, inside) {
                Inline::Done(done) => {
                    let outcome = match done {
                        Ok(answer) => self
                            .post
                            .plans()
                            .rows(py, answer, result.as_ref())
                            .and_then(|rows| Ok(Py::new(py, rows)?.into_any())),
                        Err(error) => Err(exception(py, &error, sql)),
                    };
                    return Ok(Some(
                        Bound::new(py, Ready::new(outcome, self.pauses(start)))?.into_any(),
                    ));
                }
                Inline::Writes(_) if !write => return Ok(None),
                // What may write is left to who writes, though it may be a read after all.
                Inline::Busy(_) if !write && !surely_reads(sql) => return Ok(None),
                Inline::Thread(values) | Inline::Busy(values) | Inline::Writes(values) => values,
            }
        };
        let work = Work::Query(sql.to_owned(), values);
        self.submit(py, sql, work, Wanted::Rows(result), inside, begin)
            .map(Some)
    }

    /// Run one statement with each of `rows`, all or nothing; a future of how many rows it wrote.
    #[pyo3(signature = (sql, rows, *, inside=false, begin=None))]
    fn many<'py>(
        &self,
        py: Python<'py>,
        sql: &str,
        rows: &Bound<'py, PyAny>,
        inside: bool,
        begin: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let rows = rows
            .try_iter()?
            .map(|row| values(&row?))
            .collect::<PyResult<Vec<_>>>()?;
        let begin = begin.map(beginning).transpose()?;
        self.submit(
            py,
            sql,
            Work::Many(sql.to_owned(), rows),
            Wanted::Count,
            inside,
            begin,
        )
    }

    /// Run several statements, all or nothing; a future of None.
    #[pyo3(signature = (sql, *, inside=false, begin=None))]
    fn script<'py>(
        &self,
        py: Python<'py>,
        sql: &str,
        inside: bool,
        begin: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let begin = begin.map(beginning).transpose()?;
        self.submit(
            py,
            sql,
            Work::Script(sql.to_owned()),
            Wanted::Nothing,
            inside,
            begin,
        )
    }

    /// Run COMMIT, ROLLBACK or what a savepoint needs; a future of None.
    #[pyo3(signature = (sql, *, begin=None))]
    fn control<'py>(
        &self,
        py: Python<'py>,
        sql: &str,
        begin: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let begin = begin.map(beginning).transpose()?;
        self.submit(
            py,
            sql,
            Work::Control(sql.to_owned()),
            Wanted::Nothing,
            true,
            begin,
        )
    }

    /// Open a cursor: its number, and a future of its first rows and of whether more may follow.
    #[pyo3(signature = (sql, parameters, result, batch, *, inside=false, begin=None))]
    #[allow(clippy::too_many_arguments)] // each says one thing, by its name
    fn cursor<'py>(
        &self,
        py: Python<'py>,
        sql: &str,
        parameters: &Bound<'py, PyAny>,
        result: Option<Py<PyAny>>,
        batch: usize,
        inside: bool,
        begin: Option<&str>,
    ) -> PyResult<(u64, Bound<'py, PyAny>)> {
        let number = self.cursors.fetch_add(1, Ordering::Relaxed);
        let begin = begin.map(beginning).transpose()?;
        let result = kinds(py, result)?;
        let work = Work::Open(number, sql.to_owned(), values(parameters)?, batch);
        Ok((
            number,
            self.submit(py, sql, work, Wanted::Batch(result), inside, begin)?,
        ))
    }

    /// Return a future of a cursor's next rows, and of whether more may follow.
    fn fetch<'py>(
        &self,
        py: Python<'py>,
        cursor: u64,
        result: Option<Py<PyAny>>,
        batch: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.submit(
            py,
            "",
            Work::Fetch(cursor, batch),
            Wanted::Batch(result),
            false,
            None,
        )
    }

    /// Close a cursor; nobody has to wait for it.
    fn close_cursor(&self, cursor: u64) {
        let work = Work::CloseCursor(cursor);
        let cancel = Cancel::default();
        self.session.submit(Job {
            work,
            begin: None,
            inside: false,
            cancel,
            done: Box::new(drop),
        });
    }

    /// Copy the database into a file; a future of None.
    fn back_up<'py>(&self, py: Python<'py>, path: String) -> PyResult<Bound<'py, PyAny>> {
        self.submit(py, "", Work::BackUp(path), Wanted::Nothing, false, None)
    }

    /// Whether the thread has nothing to do.
    #[getter]
    fn idle(&self) -> bool {
        self.session.is_idle()
    }

    /// Take no more calls; a future of None, done when those that waited are and all is closed.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (future, done) = self
            .post
            .expect(py, "", Wanted::Nothing, &Cancel::default())?;
        self.session.close(done);
        Ok(future)
    }
}

impl SQLiteSession {
    fn submit<'py>(
        &self,
        py: Python<'py>,
        sql: &str,
        work: Work,
        wanted: Wanted,
        inside: bool,
        begin: Option<&'static str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if self.post.is_over() {
            return self.post.refuse(py);
        }
        let cancel = Cancel::default();
        let (future, done) = self.post.expect(py, sql, wanted, &cancel)?;
        self.session.submit(Job {
            work,
            begin,
            inside,
            cancel,
            done,
        });
        Ok(future)
    }

    /// Whether the task has had so much of the loop since it ran that others come first.
    fn pauses(&self, start: Instant) -> bool {
        let nanoseconds = start.elapsed().as_nanos() as u64;
        if self.spent.fetch_add(nanoseconds, Ordering::Relaxed) + nanoseconds < FAIR {
            return false;
        }
        self.spent.store(0, Ordering::Relaxed);
        true
    }
}

fn seconds(value: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value)
        .map_err(|_| UsageError::new_err("a time is a number of seconds from 0"))
}

fn beginning(word: &str) -> PyResult<&'static str> {
    match word {
        "read" => Ok("BEGIN"),
        "write" => Ok("BEGIN IMMEDIATE"),
        _ => Err(UsageError::new_err(
            "a transaction begins to read or to write",
        )),
    }
}

/// What the caller wants to see, as a tuple, which nobody changes while it is remembered.
fn kinds(py: Python<'_>, result: Option<Py<PyAny>>) -> PyResult<Option<Py<PyAny>>> {
    let Some(result) = result else {
        return Ok(None);
    };
    let result = result.into_bound(py);
    if result.is_instance_of::<PyTuple>() || result.is_instance_of::<PyString>() {
        return Ok(Some(result.unbind()));
    }
    let kinds = result.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    Ok(Some(PyTuple::new(py, kinds)?.into_any().unbind()))
}

fn values(parameters: &Bound<'_, PyAny>) -> PyResult<Vec<Value>> {
    given(parameters)?
        .iter_borrowed()
        .enumerate()
        .map(|(index, value)| encode(index, &value))
        .collect()
}

fn encode(index: usize, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    stored::encode(value).map_err(|refusal| match refusal {
        Refusal::Raised(error) => error,
        Refusal::Expected(what) => {
            let given = value.get_type();
            let given = given
                .name()
                .map_or_else(|_| String::from("?"), |name| name.to_string());
            ParameterError::new_err(format!(
                "parameter ?{}: expected {what}; given: {given}",
                index + 1
            ))
        }
    })
}
