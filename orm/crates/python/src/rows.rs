//! The rows of one answer, as Python sees them: nothing is decoded before it is touched.

use std::sync::Arc;

use pyo3::exceptions::{PyIndexError, PyKeyError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList, PySlice, PyString, PyTuple};

use queryengine_sqlite::Cells;

use crate::arrow;
use crate::columns::{Columns, Kinds, mixed};
use crate::errors::UsageError;
use crate::export::buffer;
use crate::models::{ModelShape, Paused};
use crate::row::Row;
use crate::values::{Repeats, decode, stored};
use crate::wire_rows::WireRows;

/// Where the values of rows are kept until they are touched.
pub enum Store {
    /// The bytes that PostgreSQL sent.
    Wire(WireRows),
    /// What SQLite gave.
    Cells(Cells),
    /// Objects of the columns' shape, made as the rows came.
    Made(Py<PyList>),
}

/// The rows of one answer, or one batch of a stream.
pub struct Batch {
    /// Names and decoders.
    pub columns: Arc<Columns>,
    /// The values.
    pub store: Store,
    /// How many rows the statement wrote, or gave.
    pub affected: i64,
    /// What the database says it did: `INSERT 0 1`; empty for SQLite and inside a stream.
    pub tag: String,
}

impl Batch {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        match &self.store {
            Store::Wire(rows) => rows.len(),
            Store::Cells(cells) => cells.len(),
            // SAFETY: what is a list has a length.
            Store::Made(objects) => unsafe { ffi::PyList_GET_SIZE(objects.as_ptr()) as usize },
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Decode one value.
    pub fn value<'py>(
        &self,
        py: Python<'py>,
        row: usize,
        column: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        let value = match (&self.store, self.columns.kinds()) {
            (Store::Wire(rows), Kinds::Wire(kinds)) => {
                decode(py, kinds[column], rows.fields(row).nth(column).flatten())
            }
            (Store::Cells(cells), Kinds::Stored(kinds)) => {
                stored::decode(py, kinds[column], cells.get(row, column))
            }
            (Store::Made(..), _) => Err(made()),
            _ => Err(mixed()),
        };
        value.map_err(|error| self.columns.named(py, column, error))
    }

    /// Decode the values of one row in order, and hand over each.
    pub fn each<'py>(
        &self,
        py: Python<'py>,
        row: usize,
        repeats: &mut Repeats,
        mut take: impl FnMut(usize, Bound<'py, PyAny>) -> PyResult<()>,
    ) -> PyResult<()> {
        match (&self.store, self.columns.kinds()) {
            (Store::Wire(rows), _) => {
                let fields = rows.fields(row);
                return self.columns.each_field(py, fields, repeats, take);
            }
            (Store::Cells(cells), Kinds::Stored(kinds)) => {
                for (index, (kind, cell)) in kinds.iter().zip(cells.row(row)).enumerate() {
                    let value = stored::decode(py, *kind, cell);
                    take(
                        index,
                        value.map_err(|error| self.columns.named(py, index, error))?,
                    )?;
                }
            }
            (Store::Made(..), _) => return Err(made()),
            _ => return Err(mixed()),
        }
        Ok(())
    }

    /// Where the column with this index or name stands; negative indexes count from the end.
    pub fn place(&self, key: &Bound<'_, PyAny>) -> PyResult<usize> {
        if let Ok(name) = key.cast::<PyString>() {
            return self
                .columns
                .place(name)?
                .ok_or_else(|| PyKeyError::new_err(name.clone().unbind()));
        }
        let Ok(index) = key.extract::<isize>() else {
            return Err(PyTypeError::new_err(
                "a column's index or name is asked for",
            ));
        };
        position(index, self.columns.len())
            .ok_or_else(|| PyIndexError::new_err("no column of this index"))
    }
}

fn made() -> PyErr {
    UsageError::new_err("the rows were asked for as objects, and became them as they came")
}

/// An index as Python counts it, from the end where it is negative; None where nothing stands there.
pub fn position(index: isize, length: usize) -> Option<usize> {
    let index = if index < 0 {
        index.checked_add_unsigned(length)?
    } else {
        index
    };
    usize::try_from(index).ok().filter(|index| *index < length)
}

/// The rows of one answer, in order: a sequence of `Row`, decoded when they are touched.
#[pyclass(frozen, module = "queryengine_orm._native")]
pub struct Rows {
    batch: Arc<Batch>,
}

impl Rows {
    /// The rows of a batch.
    pub fn new(batch: Batch) -> Self {
        Self {
            batch: Arc::new(batch),
        }
    }

    fn row(&self, index: usize) -> Row {
        Row::new(Arc::clone(&self.batch), index)
    }
}

#[pymethods]
impl Rows {
    /// The names of the columns, in order.
    #[getter]
    fn columns<'py>(&self, py: Python<'py>) -> Bound<'py, PyTuple> {
        self.batch.columns.names(py).clone()
    }

    /// How many rows the statement wrote, or gave.
    #[getter]
    fn affected(&self) -> i64 {
        self.batch.affected
    }

    /// What PostgreSQL says it did, `INSERT 0 1`; empty for SQLite.
    #[getter]
    fn tag(&self) -> &str {
        &self.batch.tag
    }

    fn __len__(&self) -> usize {
        self.batch.len()
    }

    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Ok(slice) = key.cast::<PySlice>() {
            let part = slice.indices(self.batch.len() as isize)?;
            let rows = PyList::empty(py);
            for step in 0..part.slicelength {
                rows.append(self.row((part.start + step as isize * part.step) as usize))?;
            }
            return Ok(rows.into_any());
        }
        let index = position(key.extract()?, self.batch.len());
        let index = index.ok_or_else(|| PyIndexError::new_err("no row of this index"))?;
        Ok(Bound::new(py, self.row(index))?.into_any())
    }

    fn __iter__(&self) -> RowIterator {
        RowIterator {
            batch: Arc::clone(&self.batch),
            next: 0,
        }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "<Rows: {} of {}>",
            self.batch.len(),
            self.batch.columns.names(py).repr()?
        ))
    }

    /// Return every row as a tuple.
    fn tuples<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let _paused = Paused::new();
        let rows = PyList::empty(py);
        let mut repeats = Repeats::default();
        let mut values = Vec::with_capacity(self.batch.columns.len());
        for row in 0..self.batch.len() {
            self.batch.each(py, row, &mut repeats, |_, value| {
                values.push(value);
                Ok(())
            })?;
            rows.append(PyTuple::new(py, values.drain(..))?)?;
        }
        Ok(rows)
    }

    /// Return every row as a dict; of columns of one name the last counts.
    fn dicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let _paused = Paused::new();
        let names: Vec<_> = self.batch.columns.names(py).iter().collect();
        let mut repeats = Repeats::default();
        let rows = PyList::empty(py);
        for row in 0..self.batch.len() {
            let values = PyDict::new(py);
            self.batch.each(py, row, &mut repeats, |index, value| {
                values.set_item(&names[index], value)
            })?;
            rows.append(values)?;
        }
        Ok(rows)
    }

    /// Return an object of each row, made as the shape says.
    fn to_models<'py>(&self, shape: &Bound<'py, ModelShape>) -> PyResult<Bound<'py, PyList>> {
        let py = shape.py();
        match (&self.batch.store, self.batch.columns.shape()) {
            (Store::Made(objects), Some(own)) if own.is(shape) => Ok(objects.bind(py).clone()),
            _ => shape.get().models(py, &self.batch),
        }
    }

    /// Return a column of integers as `array("q")`, of floats as `array("d")`, a buffer each.
    fn buffer<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        buffer(py, &self.batch, self.batch.place(key)?)
    }

    /// Return the types of the columns, for consumers of Arrow's PyCapsule interface.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        arrow::schema(py, &self.batch)
    }

    /// Return a copy of the rows, for consumers of Arrow's PyCapsule interface.
    ///
    /// No other schema can be asked for. Raises UsageError for a column that Arrow has no type for.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        arrow::stream(py, &self.batch)
    }

    /// Return the values of one column, given by index or name.
    fn column<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        let place = self.batch.place(key)?;
        let values = PyList::empty(py);
        for row in 0..self.batch.len() {
            values.append(self.batch.value(py, row, place)?)?;
        }
        Ok(values)
    }
}

/// Walks over rows.
#[pyclass(module = "queryengine_orm._native")]
struct RowIterator {
    batch: Arc<Batch>,
    next: usize,
}

#[pymethods]
impl RowIterator {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&mut self) -> Option<Row> {
        if self.next >= self.batch.len() {
            return None;
        }
        self.next += 1;
        Some(Row::new(Arc::clone(&self.batch), self.next - 1))
    }
}
