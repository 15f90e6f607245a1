//! COPY to the client in binary form: rows out of the pieces that came.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use queryengine_protocol::copy;
use queryengine_protocol::errors::DecodeError;

use super::errors::{ProtocolViolation, UsageError};
use crate::columns::Columns;
use crate::rows::{Batch, Rows, Store};
use crate::wire_rows::WireRows;

/// Reads the data of a binary COPY whose columns are known.
#[pyclass(module = "queryengine_orm._native")]
pub struct CopyReader {
    columns: Arc<Columns>,
    reader: copy::Reader,
}

#[pymethods]
impl CopyReader {
    /// `fields` are name and type of each column, `result` the kinds that the caller wants.
    #[new]
    #[pyo3(signature = (fields, /, *, result = None))]
    fn new(
        py: Python<'_>,
        fields: Vec<(String, u32)>,
        result: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let fields: Vec<_> = (fields.iter())
            .map(|(name, oid)| (name.as_str(), *oid))
            .collect();
        let columns = Columns::of_wire(py, &fields, result)?;
        let unknown = columns.formats().iter().position(|format| *format == 0);
        if let Some((name, oid)) = unknown.and_then(|index| fields.get(index)) {
            return Err(UsageError::new_err(format!(
                "column {name:?} is of a type whose binary form is not known (OID {oid}): cast it to text"
            )));
        }
        let reader = copy::Reader::default();
        Ok(Self { columns, reader })
    }

    /// The rows that these pieces complete.
    #[pyo3(signature = (pieces, /))]
    fn feed(&mut self, pieces: Vec<Bound<'_, PyBytes>>) -> PyResult<Rows> {
        let mut bodies = Vec::new();
        for piece in pieces {
            self.reader.feed(piece.as_bytes());
            while let Some(row) = self.reader.next_row().map_err(malformed)? {
                bodies.push(row);
            }
        }
        let mut rows = WireRows::default();
        rows.push_unchecked(&bodies, self.columns.len())
            .map_err(|error| ProtocolViolation::new_err(error.0))?;
        Ok(Rows::new(Batch {
            columns: Arc::clone(&self.columns),
            affected: i64::try_from(rows.len()).unwrap_or(i64::MAX),
            store: Store::Wire(rows),
            tag: String::new(),
        }))
    }

    /// Make sure that nothing is missing.
    fn end(&self) -> PyResult<()> {
        if self.reader.is_ended() {
            return Ok(());
        }
        Err(ProtocolViolation::new_err(
            "a COPY ended before its trailer",
        ))
    }
}

fn malformed(error: DecodeError) -> PyErr {
    ProtocolViolation::new_err(format!("the data of a COPY is malformed: {error}"))
}
