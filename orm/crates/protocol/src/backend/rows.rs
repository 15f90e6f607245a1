//! `DataRow`: rows, checked and left in the memory that they were received in.

use bytes::Bytes;

use super::Reader;
use crate::errors::DecodeError;

/// Rows of one result that arrived in one piece, all with the same number of columns.
///
/// `bytes` holds the messages as they came, and each of `starts` is where the body of one begins in it: a count of
/// columns in 16 bits, then each value with its length in 32 bits before it, -1 for NULL. All of that was checked:
/// the values fill the body exactly. The bytes share the connection's memory, so who keeps few rows for long does
/// well to copy them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRows {
    bytes: Bytes,
    starts: Vec<u32>,
    columns: u16,
}

impl DataRows {
    pub(super) const fn new(bytes: Bytes, starts: Vec<u32>, columns: u16) -> Self {
        Self {
            bytes,
            starts,
            columns,
        }
    }

    /// How many rows there are; at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always a row")]
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// How many columns each of the rows has.
    #[must_use]
    pub const fn columns(&self) -> u16 {
        self.columns
    }

    /// The memory of the rows, where in it each row's body begins, and the number of columns.
    #[must_use]
    pub fn into_parts(self) -> (Bytes, Vec<u32>, u16) {
        (self.bytes, self.starts, self.columns)
    }

    /// The rows, each an iterator over its values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.starts.iter().map(|start| {
            let body = usize::try_from(*start)
                .ok()
                .and_then(|start| self.bytes.get(start..));
            Row {
                reader: Reader::new(
                    b'D',
                    body.and_then(|body| body.get(2..)).unwrap_or_default(),
                ),
                left: self.columns,
            }
        })
    }
}

/// The values of a row; none stands for NULL.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    reader: Reader<'a>,
    left: u16,
}

impl<'a> Iterator for Row<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        value(&mut self.reader).ok()
    }
}

/// Checks a row's body and returns its number of columns.
pub(super) fn check(body: &[u8]) -> Result<u16, DecodeError> {
    let mut reader = Reader::new(b'D', body);
    let columns = reader.u16()?;
    for _ in 0..columns {
        value(&mut reader)?;
    }
    reader.finish()?;
    Ok(columns)
}

fn value<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, DecodeError> {
    match reader.i32()? {
        -1 => Ok(None),
        length => match usize::try_from(length) {
            Ok(length) => reader.take(length).map(Some),
            Err(_) => Err(reader.meaningless(length)),
        },
    }
}
