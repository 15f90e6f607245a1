//! The parameters of one prepared statement: how Python's values are written into Bind.

use bytes::{BufMut, BytesMut};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::{Kind, Refusal, encode_some};
use crate::errors::ParameterError;

/// Whether a parameter is null, and so has no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsNull {
    /// It is null.
    Yes,
    /// Its bytes were written.
    No,
}

/// How the parameters of one prepared statement are encoded; made from what ParameterDescription says.
#[derive(Clone, Debug)]
pub struct Parameters {
    kinds: Vec<Kind>,
    formats: Vec<i16>,
}

impl Parameters {
    /// The encoders of parameters of these types.
    pub fn new(oids: &[u32]) -> Self {
        let kinds: Vec<_> = oids.iter().map(|oid| Kind::of_oid(*oid)).collect();
        let formats = kinds.iter().map(Kind::format).collect();
        Self { kinds, formats }
    }

    /// How many parameters the statement has.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The format codes for Bind: 1 is binary, 0 is text.
    pub fn formats(&self) -> &[i16] {
        &self.formats
    }

    /// Append each value as Bind has it: a length of 32 bits (-1 for null), then the bytes.
    ///
    /// `values` is a tuple, a list or another sequence. Raises `ParameterError` that names the parameter's number
    /// and the expected type, never the value; `out` is then as it was.
    pub fn encode(&self, values: &Bound<'_, PyAny>, out: &mut BytesMut) -> PyResult<()> {
        let start = out.len();
        let done = self.encode_all(values, out);
        if done.is_err() {
            out.truncate(start);
        }
        done
    }

    fn encode_all(&self, values: &Bound<'_, PyAny>, out: &mut BytesMut) -> PyResult<()> {
        if let Ok(values) = values.cast::<PyTuple>() {
            self.count(values.len())?;
            return values
                .iter_borrowed()
                .enumerate()
                .try_for_each(|(index, value)| self.field(index, &value, out));
        }
        let values = match values.cast::<PyList>() {
            // A copy: encoding may run Python code that changes the list.
            Ok(values) => values.to_tuple(),
            Err(_) => values
                .try_iter()?
                .collect::<PyResult<Vec<_>>>()
                .and_then(|all| PyTuple::new(values.py(), all))?,
        };
        self.encode_all(values.as_any(), out)
    }

    fn count(&self, given: usize) -> PyResult<()> {
        if given == self.kinds.len() {
            return Ok(());
        }
        let words = format!(
            "the statement has {} parameters, {given} were given",
            self.kinds.len()
        );
        Err(ParameterError::new_err(words))
    }

    fn field(&self, index: usize, value: &Bound<'_, PyAny>, out: &mut BytesMut) -> PyResult<()> {
        let start = out.len();
        out.put_i32(-1);
        if self.encode_one(index, value, out)? == IsNull::Yes {
            return Ok(());
        }
        let length = i32::try_from(out.len() - start - 4).map_err(|_| {
            ParameterError::new_err(format!("parameter ${} is longer than 2 GiB", index + 1))
        })?;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    /// Append the bytes of one value, without a length.
    pub fn encode_one(
        &self,
        index: usize,
        value: &Bound<'_, PyAny>,
        out: &mut BytesMut,
    ) -> PyResult<IsNull> {
        if value.is_none() {
            return Ok(IsNull::Yes);
        }
        let kind = self.kinds[index];
        match encode_some(kind, value, out) {
            Ok(()) => Ok(IsNull::No),
            Err(Refusal::Raised(error)) => Err(error),
            Err(Refusal::Expected(what)) => {
                let given = value.get_type().name()?.to_string();
                let words = format!(
                    "parameter ${}: expected {}: {what}; given: {given}",
                    index + 1,
                    kind.expected()
                );
                Err(ParameterError::new_err(words))
            }
        }
    }
}
