//! The binary form of a COPY's data: a header, rows, a trailer. It travels in `CopyData` messages, cut anywhere.

use bytes::{BufMut, BytesMut};

use crate::errors::{BindError, EncodeError};
use crate::frontend::{IsNull, value};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// The most columns of a row, of which the form counts 15 bits.
pub const MAX_COLUMNS: usize = 32_767;

/// Writes what comes before the first row.
pub fn header(out: &mut BytesMut) {
    out.put_slice(SIGNATURE);
    out.put_u32(0); // no flags
    out.put_u32(0); // no extension
}

/// Writes a row of `columns` values, each of which `encode(index, out)` appends.
///
/// # Errors
/// [`BindError::Value`] with the error of `encode`; [`BindError::Encode`] for too many or too long. The buffer is
/// as it was.
pub fn row<E>(
    out: &mut BytesMut,
    columns: usize,
    mut encode: impl FnMut(usize, &mut BytesMut) -> Result<IsNull, E>,
) -> Result<(), BindError<E>> {
    let count = i16::try_from(columns).map_err(|_| EncodeError::TooMany { count: columns })?;
    let start = out.len();
    out.put_i16(count);
    let written = (0..columns).try_for_each(|index| value(out, index, &mut encode));
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Writes what comes after the last row.
pub fn trailer(out: &mut BytesMut) {
    out.put_i16(-1);
}
