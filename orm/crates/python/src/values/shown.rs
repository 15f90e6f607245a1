//! What the caller of `query` wants to see: the words of `driver.Kind`.

use pyo3::prelude::*;

use crate::errors::UsageError;

/// What the caller of `query` wants to see of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// `bool`
    Bool,
    /// `bytes`
    Bytes,
    /// `date`
    Date,
    /// `datetime` without a zone
    DateTime,
    /// `datetime` with one
    DateTimeTz,
    /// `Decimal`
    Decimal,
    /// `float`
    Float,
    /// `int`
    Int,
    /// `timedelta`
    Interval,
    /// What JSON holds
    Json,
    /// `str`
    Text,
    /// `time`
    Time,
    /// `UUID`
    Uuid,
}

impl Shown {
    /// The kind of this name.
    pub fn named(name: &str) -> PyResult<Self> {
        Ok(match name {
            "bool" => Self::Bool,
            "bytes" => Self::Bytes,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "datetimetz" => Self::DateTimeTz,
            "decimal" => Self::Decimal,
            "float" => Self::Float,
            "int" => Self::Int,
            "interval" => Self::Interval,
            "json" => Self::Json,
            "text" => Self::Text,
            "time" => Self::Time,
            "uuid" => Self::Uuid,
            _ => {
                return Err(UsageError::new_err(format!(
                    "no kind of result is called {name:?}"
                )));
            }
        })
    }

    /// The kinds that a caller named, one per column; None where the database's own is wanted.
    pub fn wanted(result: &Bound<'_, PyAny>, width: usize) -> PyResult<Vec<Option<Self>>> {
        let names: Vec<Option<String>> = result.extract()?;
        if names.len() != width {
            let words = format!(
                "`result` names {} columns, the statement gives {width}",
                names.len()
            );
            return Err(UsageError::new_err(words));
        }
        names
            .iter()
            .map(|name| name.as_deref().map(Self::named).transpose())
            .collect()
    }
}
