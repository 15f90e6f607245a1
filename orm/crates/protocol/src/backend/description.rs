//! `RowDescription`: the columns of rows to come.

use super::Reader;
use crate::Oid;
use crate::errors::DecodeError;
use crate::format::Format;

/// The bytes of a column's description that is nameless.
const LEAST: usize = 19;

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The column's name.
    pub name: Box<str>,
    /// The table it comes from, or 0.
    pub table: Oid,
    /// Its number in that table, from 1, or 0.
    pub attribute: i16,
    /// Its type.
    pub type_oid: Oid,
    /// The type's size; below 0 if that varies.
    pub type_size: i16,
    /// What the type was declared with, such as a precision; -1 if with nothing.
    pub type_modifier: i32,
    /// The form of its values; for the description of a statement always text.
    pub format: Format,
}

impl Field {
    pub(super) fn parse_all(mut reader: Reader<'_>) -> Result<Box<[Self]>, DecodeError> {
        let count = usize::from(reader.u16()?);
        let mut fields = Vec::with_capacity(count.min(reader.rest().len() / LEAST));
        for _ in 0..count {
            fields.push(Self::parse(&mut reader)?);
        }
        reader.finish()?;
        Ok(fields.into())
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: reader.text()?.into(),
            table: reader.u32()?,
            attribute: reader.i16()?,
            type_oid: reader.u32()?,
            type_size: reader.i16()?,
            type_modifier: reader.i32()?,
            format: {
                let code = reader.u16()?;
                Format::from_code(code).ok_or(reader.meaningless(code))?
            },
        })
    }
}
