//! The columns of an answer: their names, and how each is decoded. Made once per prepared statement.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::errors::UsageError;
use crate::models::ModelShape;
use crate::values::{Kind, Repeats, Shown};
use crate::wire_rows::Fields;

/// How the values of each column become Python's.
pub enum Kinds {
    /// By what PostgreSQL says.
    Wire(Vec<Kind>),
    /// By what the caller says; None gives SQLite's own value.
    Stored(Vec<Option<Shown>>),
}

/// Names and decoders of an answer's columns; shared by every batch of rows of one statement.
pub struct Columns {
    names: Py<PyTuple>,
    /// Name to index; of two columns of one name the first.
    places: Py<PyDict>,
    kinds: Kinds,
    /// What is to be made of the rows as they arrive.
    shape: Option<Py<ModelShape>>,
}

impl Columns {
    /// The columns of PostgreSQL's RowDescription: each a name and the OID of its type.
    ///
    /// `result` is what the caller of `query` gave: a sequence with the kind of each column, or None for what
    /// its OID says; raises `UsageError` for a kind that the type does not have, or another number of columns.
    /// A sequence with a `shape` wants objects of it: where no code in Python makes them, they are made as the
    /// rows arrive.
    pub fn of_wire(
        py: Python<'_>,
        fields: &[(&str, u32)],
        result: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Arc<Self>> {
        let wanted = match result {
            Some(result) => Shown::wanted(result, fields.len())?,
            None => vec![None; fields.len()],
        };
        let kinds = fields
            .iter()
            .zip(wanted)
            .map(|((_, oid), wanted)| Kind::of_oid(*oid).shown_as(wanted))
            .collect::<PyResult<Vec<_>>>()?;
        let names = fields.iter().map(|(name, _)| *name);
        let shape = match result {
            Some(result) => result.getattr_opt(intern!(py, "shape"))?,
            None => None,
        };
        let shape = shape.and_then(|shape| shape.cast_into::<ModelShape>().ok());
        let shape = shape
            .filter(|shape| shape.get().is_plain() && kinds.iter().all(Kind::is_plain))
            .map(Bound::unbind);
        Self::new(py, names, Kinds::Wire(kinds), shape)
    }

    /// The columns of SQLite's answer; `result` is what the caller of `query` gave.
    pub fn of_cells(
        py: Python<'_>,
        names: &[String],
        result: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Arc<Self>> {
        let wanted = match result {
            Some(result) => Shown::wanted(result, names.len())?,
            None => vec![None; names.len()],
        };
        let names = names.iter().map(String::as_str);
        Self::new(py, names, Kinds::Stored(wanted), None)
    }

    fn new<'a>(
        py: Python<'_>,
        names: impl ExactSizeIterator<Item = &'a str>,
        kinds: Kinds,
        shape: Option<Py<ModelShape>>,
    ) -> PyResult<Arc<Self>> {
        let names: Vec<_> = names.map(|name| PyString::intern(py, name)).collect();
        let places = PyDict::new(py);
        for (index, name) in names.iter().enumerate().rev() {
            places.set_item(name, index)?;
        }
        let names = PyTuple::new(py, names)?.unbind();
        Ok(Arc::new(Self {
            names,
            places: places.unbind(),
            kinds,
            shape,
        }))
    }

    /// The names, in order.
    pub fn names<'py>(&self, py: Python<'py>) -> &Bound<'py, PyTuple> {
        self.names.bind(py)
    }

    /// The decoders, in order.
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// What is to be made of the rows as they arrive.
    pub fn shape(&self) -> Option<&Py<ModelShape>> {
        self.shape.as_ref()
    }

    /// Decode the fields of a row in order, and hand over each.
    pub fn each_field<'py>(
        &self,
        py: Python<'py>,
        fields: Fields<'_>,
        repeats: &mut Repeats,
        mut take: impl FnMut(usize, Bound<'py, PyAny>) -> PyResult<()>,
    ) -> PyResult<()> {
        let Kinds::Wire(kinds) = &self.kinds else {
            return Err(mixed());
        };
        for (index, (kind, field)) in kinds.iter().zip(fields).enumerate() {
            let value = repeats.decode(py, *kind, field);
            take(index, value.map_err(|error| self.named(py, index, error))?)?;
        }
        Ok(())
    }

    /// Say in an error's notes which column it is about.
    pub fn named(&self, py: Python<'_>, column: usize, error: PyErr) -> PyErr {
        if let Ok(name) = self.names(py).get_item(column) {
            let note = format!("in column {} ({name})", column + 1);
            let _ = error.value(py).call_method1("add_note", (note,));
        }
        error
    }

    /// The format codes that Bind asks for: 1 is binary, 0 is text.
    pub fn formats(&self) -> Vec<i16> {
        match &self.kinds {
            Kinds::Wire(kinds) => kinds.iter().map(Kind::format).collect(),
            Kinds::Stored(_) => Vec::new(),
        }
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        match &self.kinds {
            Kinds::Wire(kinds) => kinds.len(),
            Kinds::Stored(kinds) => kinds.len(),
        }
    }

    /// Whether the statement gives no columns at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the column of this name stands.
    pub fn place(&self, name: &Bound<'_, PyString>) -> PyResult<Option<usize>> {
        match self.places.bind(name.py()).get_item(name)? {
            Some(index) => Ok(Some(index.extract()?)),
            None => Ok(None),
        }
    }
}

/// The rows of one database with the columns of another: it does not happen.
pub fn mixed() -> PyErr {
    UsageError::new_err("the rows of one database with the columns of another")
}
