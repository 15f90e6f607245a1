//! One row, as Python sees it: by index, by name, as attribute. It has no methods, whose names a column could have.

use std::sync::Arc;

use pyo3::basic::CompareOp;
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PySlice, PyString, PyTuple};

use crate::rows::Batch;
use crate::values::Repeats;

/// One row: by index, by name, as attribute; it compares as the tuple of its values.
#[pyclass(frozen, module = "queryengine_orm._native")]
pub struct Row {
    batch: Arc<Batch>,
    index: usize,
}

impl Row {
    /// Row `index` of a batch, which has it.
    pub fn new(batch: Arc<Batch>, index: usize) -> Self {
        Self { batch, index }
    }

    fn tuple<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let mut values = Vec::with_capacity(self.batch.columns.len());
        self.batch
            .each(py, self.index, &mut Repeats::default(), |_, value| {
                values.push(value);
                Ok(())
            })?;
        PyTuple::new(py, values)
    }
}

#[pymethods]
impl Row {
    fn __len__(&self) -> usize {
        self.batch.columns.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.tuple(py)?.try_iter()?.into_any())
    }

    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if key.is_instance_of::<PySlice>() {
            return self.tuple(py)?.as_any().get_item(key);
        }
        self.batch.value(py, self.index, self.batch.place(key)?)
    }

    fn __getattr__<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.batch.columns.place(name)? {
            Some(place) => self.batch.value(py, self.index, place),
            None => Err(PyAttributeError::new_err(format!(
                "the row has no column {}",
                name.repr()?
            ))),
        }
    }

    fn __richcmp__<'py>(
        &self,
        py: Python<'py>,
        other: &Bound<'py, PyAny>,
        op: CompareOp,
    ) -> PyResult<Bound<'py, PyAny>> {
        let this = self.tuple(py)?;
        match other.cast::<Row>() {
            Ok(other) => this.rich_compare(other.get().tuple(py)?, op),
            Err(_) if other.is_instance_of::<PyTuple>() => this.rich_compare(other, op),
            Err(_) => Ok(py.NotImplemented().into_bound(py)),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.tuple(py)?.hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut parts = Vec::with_capacity(self.batch.columns.len());
        let names = self.batch.columns.names(py);
        self.batch
            .each(py, self.index, &mut Repeats::default(), |index, value| {
                parts.push(format!("{}={}", names.get_item(index)?, value.repr()?));
                Ok(())
            })?;
        Ok(format!("Row({})", parts.join(", ")))
    }
}
