//! What a column of each kind is in Arrow.

use std::ffi::CStr;

use pyo3::PyErr;

use crate::errors::UsageError;
use crate::values::{Kind, Shown};

/// The Arrow types that columns have. Numbers of a precision of their own (`numeric`) are not among them: Arrow
/// fixes digits and scale for a column, PostgreSQL need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Truth values.
    Bool,
    /// `smallint`
    Int16,
    /// `integer`
    Int32,
    /// `bigint`
    Int64,
    /// `oid`
    UInt32,
    /// `real`
    Float32,
    /// `double precision`
    Float64,
    /// Text, whose places have 64 bits.
    Text,
    /// Bytes, whose places have 64 bits.
    Bytes,
    /// Days from 1970-01-01.
    Date,
    /// Microseconds from midnight.
    Time,
    /// Microseconds from 1970-01-01, without a zone.
    Timestamp,
    /// The same, in UTC.
    TimestampUtc,
    /// Microseconds.
    Duration,
    /// 16 bytes.
    Uuid,
}

impl Layout {
    /// What a column of PostgreSQL is.
    pub fn of_wire(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Bool => Self::Bool,
            Kind::Int2 => Self::Int16,
            Kind::Int4 => Self::Int32,
            Kind::Int8 => Self::Int64,
            Kind::Oid => Self::UInt32,
            Kind::Float4 => Self::Float32,
            Kind::Float8 => Self::Float64,
            Kind::Text | Kind::Char | Kind::Unknown => Self::Text,
            Kind::Bytea => Self::Bytes,
            Kind::Date => Self::Date,
            Kind::Time => Self::Time,
            Kind::Timestamp => Self::Timestamp,
            Kind::TimestampTz => Self::TimestampUtc,
            Kind::Interval => Self::Duration,
            Kind::Uuid => Self::Uuid,
            Kind::Cast(_, shown) => return Self::of_stored(shown),
            Kind::Numeric
            | Kind::TimeTz
            | Kind::Json
            | Kind::Jsonb
            | Kind::Inet
            | Kind::Cidr
            | Kind::Void
            | Kind::Array(_)
            | Kind::Range(_)
            | Kind::MultiRange(_) => return None,
        })
    }

    /// What a column is whose kind the caller named.
    pub fn of_stored(shown: Shown) -> Option<Self> {
        Some(match shown {
            Shown::Bool => Self::Bool,
            Shown::Int => Self::Int64,
            Shown::Float => Self::Float64,
            Shown::Text => Self::Text,
            Shown::Bytes => Self::Bytes,
            Shown::Date => Self::Date,
            Shown::Time => Self::Time,
            Shown::DateTime => Self::Timestamp,
            Shown::DateTimeTz => Self::TimestampUtc,
            Shown::Interval => Self::Duration,
            Shown::Uuid => Self::Uuid,
            Shown::Decimal | Shown::Json => return None,
        })
    }

    /// The format string of the C data interface.
    pub fn format(self) -> &'static CStr {
        match self {
            Self::Bool => c"b",
            Self::Int16 => c"s",
            Self::Int32 => c"i",
            Self::Int64 => c"l",
            Self::UInt32 => c"I",
            Self::Float32 => c"f",
            Self::Float64 => c"g",
            Self::Text => c"U",
            Self::Bytes => c"Z",
            Self::Date => c"tdD",
            Self::Time => c"ttu",
            Self::Timestamp => c"tsu:",
            Self::TimestampUtc => c"tsu:UTC",
            Self::Duration => c"tDu",
            Self::Uuid => c"w:16",
        }
    }

    /// The canonical extension type that the format stands for.
    pub fn extension(self) -> Option<&'static str> {
        (self == Self::Uuid).then_some("arrow.uuid")
    }
}

/// A kind and a layout that do not belong together, which the tables above rule out.
pub fn odd() -> PyErr {
    UsageError::new_err("the rows of one database with the columns of another")
}
