//! `Execute`: runs a portal, or the next rows of it.

use bytes::{BufMut, BytesMut};

use super::frame::{MAX_MESSAGE, framed, text};
use crate::errors::EncodeError;

/// Writes an `Execute` for at most `limit` rows; 0 is all of them.
///
/// # Errors
/// A limit above `i32::MAX`, or a name that holds a NUL or is too long.
pub fn execute(out: &mut BytesMut, portal: &str, limit: u32) -> Result<(), EncodeError> {
    let limit = i32::try_from(limit).map_err(|_| EncodeError::RowLimit(limit))?;
    framed(out, b'E', MAX_MESSAGE, |out| {
        text(out, portal.as_bytes(), MAX_MESSAGE)?;
        out.put_i32(limit);
        Ok(())
    })
}
