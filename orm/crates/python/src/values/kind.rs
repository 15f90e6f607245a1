//! What a column or a parameter is, by the OID of its type and by what the caller wants to see.

use pyo3::prelude::*;

use super::shown::Shown;
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
    /// `oid` and its kin: 32 bits without a sign
    Oid,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`
    Numeric,
    /// `bytea`
    Bytea,
    /// text, varchar, char(n), name
    Text,
    /// `"char"`, one byte
    Char,
    /// `date`
    Date,
    /// `time`
    Time,
    /// `timetz`
    TimeTz,
    /// `timestamp`
    Timestamp,
    /// `timestamptz`
    TimestampTz,
    /// `interval`
    Interval,
    /// `uuid`
    Uuid,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// `inet`
    Inet,
    /// `cidr`
    Cidr,
    /// What a function gives that gives nothing.
    Void,
    /// An array of any number of dimensions.
    Array(&'static BuiltIn),
    /// A range.
    Range(&'static BuiltIn),
    /// A multirange of such ranges.
    MultiRange(&'static BuiltIn),
    /// The first kind, shown as the caller wants it.
    Cast(&'static Kind, Shown),
    /// A type that is not built in, as text.
    Unknown,
}

/// A built-in type, and the types that are made of it; 0 where there is none.
#[derive(Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// The type.
    pub oid: u32,
    /// Arrays of it.
    pub array: u32,
    /// How its values travel.
    pub kind: Kind,
}

const fn built_in(oid: u32, array: u32, kind: Kind) -> BuiltIn {
    BuiltIn { oid, array, kind }
}

/// PostgreSQL's own types; their OIDs are the same on every server.
static TYPES: [BuiltIn; 30] = [
    built_in(16, 1000, Kind::Bool),
    built_in(17, 1001, Kind::Bytea),
    built_in(18, 1002, Kind::Char),
    built_in(19, 1003, Kind::Text), // name
    built_in(20, 1016, Kind::Int8),
    built_in(21, 1005, Kind::Int2),
    built_in(23, 1007, Kind::Int4),
    built_in(25, 1009, Kind::Text),
    built_in(26, 1028, Kind::Oid),
    built_in(28, 1011, Kind::Oid), // xid
    built_in(29, 1012, Kind::Oid), // cid
    built_in(114, 199, Kind::Json),
    built_in(650, 651, Kind::Cidr),
    built_in(700, 1021, Kind::Float4),
    built_in(701, 1022, Kind::Float8),
    built_in(869, 1041, Kind::Inet),
    built_in(1042, 1014, Kind::Text), // char(n)
    built_in(1043, 1015, Kind::Text), // varchar
    built_in(1082, 1182, Kind::Date),
    built_in(1083, 1183, Kind::Time),
    built_in(1114, 1115, Kind::Timestamp),
    built_in(1184, 1185, Kind::TimestampTz),
    built_in(1186, 1187, Kind::Interval),
    built_in(1266, 1270, Kind::TimeTz),
    built_in(1700, 1231, Kind::Numeric),
    built_in(2278, 0, Kind::Void),
    built_in(2950, 2951, Kind::Uuid),
    built_in(3802, 3807, Kind::Jsonb),
    built_in(705, 0, Kind::Text),  // "unknown": a literal without a type
    built_in(2275, 0, Kind::Text), // cstring
];

/// Ranges: their OID, their arrays', and what they are ranges of.
static RANGES: [BuiltIn; 6] = [
    built_in(3904, 3905, Kind::Range(&built_in(23, 1007, Kind::Int4))),
    built_in(
        3906,
        3907,
        Kind::Range(&built_in(1700, 1231, Kind::Numeric)),
    ),
    built_in(
        3908,
        3909,
        Kind::Range(&built_in(1114, 1115, Kind::Timestamp)),
    ),
    built_in(
        3910,
        3911,
        Kind::Range(&built_in(1184, 1185, Kind::TimestampTz)),
    ),
    built_in(3912, 3913, Kind::Range(&built_in(1082, 1182, Kind::Date))),
    built_in(3926, 3927, Kind::Range(&built_in(20, 1016, Kind::Int8))),
];

static MULTIRANGES: [BuiltIn; 6] = [
    built_in(
        4451,
        6150,
        Kind::MultiRange(&built_in(23, 1007, Kind::Int4)),
    ),
    built_in(
        4532,
        6151,
        Kind::MultiRange(&built_in(1700, 1231, Kind::Numeric)),
    ),
    built_in(
        4533,
        6152,
        Kind::MultiRange(&built_in(1114, 1115, Kind::Timestamp)),
    ),
    built_in(
        4534,
        6153,
        Kind::MultiRange(&built_in(1184, 1185, Kind::TimestampTz)),
    ),
    built_in(
        4535,
        6155,
        Kind::MultiRange(&built_in(1082, 1182, Kind::Date)),
    ),
    built_in(
        4536,
        6157,
        Kind::MultiRange(&built_in(20, 1016, Kind::Int8)),
    ),
];

impl Kind {
    /// The kind of a type; `Unknown` for what is not built in.
    pub fn of_oid(oid: u32) -> Self {
        if oid == 0 {
            return Self::Unknown;
        }
        for type_ in TYPES.iter().chain(&RANGES).chain(&MULTIRANGES) {
            if type_.oid == oid {
                return type_.kind;
            }
            if type_.array == oid {
                return Self::Array(type_);
            }
        }
        Self::Unknown
    }

    /// Whether values are made without code that is written in Python.
    pub fn is_plain(&self) -> bool {
        !matches!(
            self,
            Self::Json
                | Self::Jsonb
                | Self::Inet
                | Self::Cidr
                | Self::Array(_)
                | Self::Range(_)
                | Self::MultiRange(_)
                | Self::Cast(..)
        )
    }

    /// The format in which values of this kind travel: 1 is binary, 0 is text.
    pub fn format(&self) -> i16 {
        i16::from(!matches!(
            self,
            Self::Unknown | Self::Cast(Self::Unknown, _)
        ))
    }

    /// This kind, shown as the caller wants it; raises `UsageError` where it cannot be.
    pub fn shown_as(self, wanted: Option<Shown>) -> PyResult<Self> {
        let Some(wanted) = wanted else {
            return Ok(self);
        };
        Ok(match (self, wanted) {
            (kind, wanted) if kind.shown() == Some(wanted) => kind,
            (Self::Numeric, Shown::Int | Shown::Float) => Self::Cast(&Self::Numeric, wanted),
            (Self::Int2, Shown::Decimal | Shown::Float) => Self::Cast(&Self::Int2, wanted),
            (Self::Int4, Shown::Decimal | Shown::Float) => Self::Cast(&Self::Int4, wanted),
            (Self::Int8, Shown::Decimal | Shown::Float) => Self::Cast(&Self::Int8, wanted),
            (Self::Text, Shown::Json) => Self::Cast(&Self::Text, wanted),
            (Self::Unknown, Shown::Json) => Self::Cast(&Self::Unknown, wanted),
            (Self::Json, Shown::Text) => Self::Cast(&Self::Json, wanted),
            (Self::Jsonb, Shown::Text) => Self::Cast(&Self::Jsonb, wanted),
            _ => {
                return Err(UsageError::new_err(format!(
                    "{} cannot be shown as {wanted:?}",
                    self.expected()
                )));
            }
        })
    }

    /// What the values are by themselves, where there is a word for it.
    fn shown(self) -> Option<Shown> {
        Some(match self {
            Self::Bool => Shown::Bool,
            Self::Int2 | Self::Int4 | Self::Int8 | Self::Oid => Shown::Int,
            Self::Float4 | Self::Float8 => Shown::Float,
            Self::Numeric => Shown::Decimal,
            Self::Bytea => Shown::Bytes,
            Self::Text | Self::Char | Self::Unknown => Shown::Text,
            Self::Date => Shown::Date,
            Self::Time | Self::TimeTz => Shown::Time,
            Self::Timestamp => Shown::DateTime,
            Self::TimestampTz => Shown::DateTimeTz,
            Self::Interval => Shown::Interval,
            Self::Uuid => Shown::Uuid,
            Self::Json | Self::Jsonb => Shown::Json,
            _ => return None,
        })
    }

    /// What a parameter of this kind has to be, for the message of an error.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Bool => "bool (boolean)",
            Self::Int2 => "int (smallint)",
            Self::Int4 => "int (integer)",
            Self::Int8 => "int (bigint)",
            Self::Oid => "int (oid)",
            Self::Float4 => "float (real)",
            Self::Float8 => "float (double precision)",
            Self::Numeric => "Decimal (numeric)",
            Self::Bytea => "bytes (bytea)",
            Self::Text => "str (text)",
            Self::Char => "str (\"char\")",
            Self::Date => "date (date)",
            Self::Time => "time (time)",
            Self::TimeTz => "time (time with time zone)",
            Self::Timestamp => "datetime (timestamp)",
            Self::TimestampTz => "datetime (timestamp with time zone)",
            Self::Interval => "timedelta (interval)",
            Self::Uuid => "UUID (uuid)",
            Self::Json => "a JSON value (json)",
            Self::Jsonb => "a JSON value (jsonb)",
            Self::Inet => "IPv4Interface or IPv6Interface (inet)",
            Self::Cidr => "IPv4Network or IPv6Network (cidr)",
            Self::Void => "nothing (void)",
            Self::Array(_) => "list (array)",
            Self::Range(_) => "Range (range)",
            Self::MultiRange(_) => "list of Range (multirange)",
            Self::Cast(kind, _) => kind.expected(),
            Self::Unknown => "str (a type that is not built in, sent as text)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_oid_of_the_table_is_found_and_no_two_are_the_same() {
        let all = || TYPES.iter().chain(&RANGES).chain(&MULTIRANGES);
        let mut seen = std::collections::HashSet::new();
        for type_ in all() {
            assert_eq!(Kind::of_oid(type_.oid), type_.kind);
            assert!(seen.insert(type_.oid), "{}", type_.oid);
            if type_.array != 0 {
                assert_eq!(Kind::of_oid(type_.array), Kind::Array(type_));
                assert!(seen.insert(type_.array), "{}", type_.array);
            }
        }
        assert_eq!(
            (Kind::of_oid(0), Kind::of_oid(99_999)),
            (Kind::Unknown, Kind::Unknown)
        );
    }
}
