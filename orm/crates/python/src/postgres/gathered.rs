//! The rows of an answer while they come: kept as they are, or made into objects while the server sends more.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyList;
use queryengine_protocol::backend::DataRows;

use crate::columns::Columns;
use crate::models::{ModelShape, Paused};
use crate::rows::{Batch, Rows, Store};
use crate::values::Repeats;
use crate::wire_rows::{Fields, WireRows};

/// The rows of an answer while they come.
pub struct Gathered {
    /// Their columns.
    pub columns: Arc<Columns>,
    rows: WireRows,
    made: Option<Made>,
}

/// Objects that are made of rows.
struct Made {
    shape: Py<ModelShape>,
    objects: Vec<Py<PyAny>>,
    repeats: Repeats,
    error: Option<PyErr>,
}

impl Gathered {
    /// No rows yet.
    pub fn new(py: Python<'_>, columns: Arc<Columns>) -> Self {
        let made = columns.shape().map(|shape| Made {
            shape: shape.clone_ref(py),
            objects: Vec::new(),
            repeats: Repeats::default(),
            error: None,
        });
        Self {
            columns,
            rows: WireRows::default(),
            made,
        }
    }

    /// Take rows that have as many fields as there are columns.
    pub fn take(&mut self, py: Python<'_>, rows: DataRows) {
        match &mut self.made {
            None => self.rows.push(rows),
            Some(made) if made.error.is_none() => {
                made.error = made.take(py, &self.columns, rows).err();
            }
            Some(_) => {} // what went wrong is told at the end
        }
    }

    /// The answer, once all rows have come.
    pub fn rows(self, py: Python<'_>, written: u64, tag: &str) -> PyResult<Py<PyAny>> {
        let store = match self.made {
            None => Store::Wire(self.rows),
            Some(Made {
                error: Some(error), ..
            }) => return Err(error),
            Some(made) => Store::Made(PyList::new(py, made.objects)?.unbind()),
        };
        let rows = Rows::new(Batch {
            columns: self.columns,
            store,
            affected: i64::try_from(written).unwrap_or(i64::MAX),
            tag: tag.to_owned(),
        });
        Ok(Py::new(py, rows)?.into_any())
    }
}

impl Made {
    fn take(&mut self, py: Python<'_>, columns: &Columns, rows: DataRows) -> PyResult<()> {
        let _paused = Paused::new();
        let (bytes, starts, _) = rows.into_parts();
        let shape = self.shape.bind(py).get();
        self.objects.reserve(starts.len());
        for start in starts {
            let fields = Fields::at(&bytes, start);
            let made = shape.model(py, columns, fields, &mut self.repeats)?;
            self.objects.push(made.unbind());
        }
        Ok(())
    }
}
