//! What SQLite answers, as Python's: rows, numbers, errors; and an awaitable that is done already.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyStopIteration;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use queryengine_sqlite::{Answer, Error};

use crate::columns::Columns;
use crate::errors::{ConnectionFailed, ParameterError, UsageError};
use crate::rows::{Batch, Rows, Store};

/// So many results' columns are remembered.
const REMEMBERED: usize = 512;

/// What the caller wants of an answer.
pub enum Wanted {
    /// Its rows, of these kinds.
    Rows(Option<Py<PyAny>>),
    /// Its rows, and whether more may follow.
    Batch(Option<Py<PyAny>>),
    /// How many rows it wrote.
    Count,
    /// Only that it is done.
    Nothing,
}

/// The columns of statements that ran, so that they are made once for each.
///
/// No code of Python's runs while the lock is held: it could ask for the same.
#[derive(Default)]
pub struct Plans {
    known: Mutex<HashMap<usize, Plan>>,
}

struct Plan {
    /// Held, so that no other allocation gets its address, which is the key.
    _names: Arc<[String]>,
    result: Option<Py<PyAny>>,
    columns: Arc<Columns>,
}

impl Plan {
    /// What the caller wanted to see when the columns were made, and the columns.
    fn parts(&self, py: Python<'_>) -> (Option<Py<PyAny>>, Arc<Columns>) {
        let result = self.result.as_ref().map(|result| result.clone_ref(py));
        (result, Arc::clone(&self.columns))
    }
}

impl Plans {
    fn known(&self) -> MutexGuard<'_, HashMap<usize, Plan>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn columns(
        &self,
        py: Python<'_>,
        names: &Arc<[String]>,
        result: Option<&Py<PyAny>>,
    ) -> PyResult<Arc<Columns>> {
        if names.is_empty() {
            return Columns::of_cells(py, names, None);
        }
        let key = Arc::as_ptr(names).cast::<String>() as usize;
        let known = self.known().get(&key).map(|plan| plan.parts(py));
        if let Some((own, columns)) = known {
            let same = match (&own, result) {
                (None, None) => true,
                (Some(one), Some(other)) => one.is(other) || one.bind(py).eq(other)?,
                _ => false,
            };
            if same {
                return Ok(columns);
            }
        }
        let columns = Columns::of_cells(py, names, result.map(|result| result.bind(py)))?;
        let plan = Plan {
            _names: Arc::clone(names),
            result: result.map(|result| result.clone_ref(py)),
            columns: Arc::clone(&columns),
        };
        let gone = self.keep(key, plan);
        drop(gone); // which may run anything
        Ok(columns)
    }

    /// Keep a plan; what goes for it is given back.
    fn keep(&self, key: usize, plan: Plan) -> HashMap<usize, Plan> {
        let mut known = self.known();
        let mut gone = HashMap::new();
        if known.len() >= REMEMBERED {
            gone = std::mem::take(&mut *known);
        }
        if let Some(before) = known.insert(key, plan) {
            gone.insert(key, before);
        }
        gone
    }

    /// The rows of an answer.
    pub fn rows(
        &self,
        py: Python<'_>,
        answer: Answer,
        result: Option<&Py<PyAny>>,
    ) -> PyResult<Rows> {
        let columns = self.columns(py, &answer.names, result)?;
        let store = Store::Cells(answer.cells);
        Ok(Rows::new(Batch {
            columns,
            store,
            affected: answer.affected,
            tag: String::new(),
        }))
    }

    /// What the caller wanted of an answer.
    pub fn give<'py>(
        &self,
        py: Python<'py>,
        answer: Answer,
        wanted: &Wanted,
    ) -> PyResult<Bound<'py, PyAny>> {
        match wanted {
            Wanted::Rows(result) => {
                Ok(Bound::new(py, self.rows(py, answer, result.as_ref())?)?.into_any())
            }
            Wanted::Batch(result) => {
                let more = answer.more;
                let rows = self.rows(py, answer, result.as_ref())?;
                Ok((rows, more).into_pyobject(py)?.into_any())
            }
            Wanted::Count => Ok(answer.affected.into_pyobject(py)?.into_any()),
            Wanted::Nothing => Ok(py.None().into_bound(py)),
        }
    }
}

static DATABASE_ERROR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The exception of an error of SQLite: the class of the SQLSTATE that PostgreSQL has for it.
pub fn exception(py: Python<'_>, error: &Error, sql: &str) -> PyErr {
    match error.sqlstate() {
        "08001" => return ConnectionFailed::new_err(error.message.clone()),
        "58000" if error.message.starts_with("the statement has ") => {
            return ParameterError::new_err(error.message.clone());
        }
        _ => {}
    }
    made(py, error, sql).unwrap_or_else(|raised| raised)
}

fn made(py: Python<'_>, error: &Error, sql: &str) -> PyResult<PyErr> {
    let make = DATABASE_ERROR.import(py, "queryengine_orm.errors", "database_error")?;
    let place = error.place();
    let settings = PyDict::new(py);
    settings.set_item(intern!(py, "table"), place.table)?;
    settings.set_item(intern!(py, "column"), place.column)?;
    settings.set_item(intern!(py, "constraint"), place.constraint)?;
    let position = error
        .offset
        .and_then(|offset| sql.get(..offset))
        .map(|before| before.chars().count() + 1);
    settings.set_item(intern!(py, "position"), position)?;
    let made = make.call((error.sqlstate(), &error.message), Some(&settings))?;
    made.setattr(intern!(py, "sqlite_code"), error.code)?;
    Ok(PyErr::from_value(made))
}

/// An awaitable that is done already; it lets the loop run first where a task had much for itself.
#[pyclass(module = "queryengine_orm._native")]
pub struct Ready {
    outcome: PyResult<Py<PyAny>>,
    pause: bool,
}

impl Ready {
    /// Done with this value, or this error.
    pub fn new(outcome: PyResult<Py<PyAny>>, pause: bool) -> Self {
        Self { outcome, pause }
    }
}

fn taken() -> PyErr {
    UsageError::new_err("the error of this call was raised already: it is awaited once")
}

#[pymethods]
impl Ready {
    fn __await__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if std::mem::take(&mut self.pause) {
            return Ok(py.None());
        }
        match &mut self.outcome {
            Ok(value) => Err(PyStopIteration::new_err((value.clone_ref(py),))),
            // Given away: its traceback leads to who awaits this, and that ring the collector could not see.
            Err(error) => Err(std::mem::replace(error, taken())),
        }
    }
}
