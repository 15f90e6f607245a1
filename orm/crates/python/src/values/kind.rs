//! What a column or a parameter is, by the OID of its type and by what the caller wants to see.

use pyo3::prelude::*;

use crate::errors::UsageError;

/// How values of a type are decoded and encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `bool`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `bytea`
    Bytea,
    /// text, varchar, char(n), name
    Text,
    /// A type that is not built in, as text.
    Unknown,
}

/// What the caller of `query` wants to see: the words of `driver.Kind`.
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

impl Kind {
    /// The kind of a type; `Unknown` for what is not built in.
    pub fn of_oid(oid: u32) -> Self {
        match oid {
            16 => Self::Bool,
            17 => Self::Bytea,
            20 => Self::Int8,
            21 => Self::Int2,
            23 => Self::Int4,
            19 | 25 | 1042 | 1043 => Self::Text,
            700 => Self::Float4,
            701 => Self::Float8,
            _ => Self::Unknown,
        }
    }

    /// The format in which values of this kind travel: 1 is binary, 0 is text.
    pub fn format(&self) -> i16 {
        i16::from(!matches!(self, Self::Unknown))
    }

    /// This kind, shown as the caller wants it; raises `UsageError` where it cannot be.
    pub fn shown_as(self, wanted: Option<Shown>) -> PyResult<Self> {
        let Some(wanted) = wanted else {
            return Ok(self);
        };
        match (self, wanted) {
            (Self::Bool, Shown::Bool)
            | (Self::Int2 | Self::Int4 | Self::Int8, Shown::Int)
            | (Self::Float4 | Self::Float8, Shown::Float)
            | (Self::Bytea, Shown::Bytes)
            | (Self::Text | Self::Unknown, Shown::Text) => Ok(self),
            _ => Err(UsageError::new_err(format!(
                "a column of {self:?} cannot be shown as {wanted:?}"
            ))),
        }
    }

    /// What a parameter of this kind has to be, for the message of an error.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Bool => "bool (boolean)",
            Self::Int2 => "int (smallint)",
            Self::Int4 => "int (integer)",
            Self::Int8 => "int (bigint)",
            Self::Float4 => "float (real)",
            Self::Float8 => "float (double precision)",
            Self::Bytea => "bytes (bytea)",
            Self::Text => "str (text)",
            Self::Unknown => "str (a type that is not built in, sent as text)",
        }
    }
}
