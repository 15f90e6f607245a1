//! `CopyData`, `CopyDone`, `CopyFail`: the client's part of a COPY.

use bytes::{BufMut, BytesMut};

use super::frame::{MAX_MESSAGE, empty, framed, length, text};
use crate::errors::EncodeError;

/// Writes a `CopyData`; where rows are cut is of no matter to the server.
///
/// # Errors
/// More data than a message holds.
pub fn copy_data(out: &mut BytesMut, data: &[u8]) -> Result<(), EncodeError> {
    let size = length(data.len().saturating_add(4), MAX_MESSAGE)?;
    out.put_u8(b'd');
    out.put_u32(size);
    out.put_slice(data);
    Ok(())
}

/// Writes a `CopyData` of what `write` appends, so that it need not be copied.
///
/// # Errors
/// Those of `write`, or more data than a message holds. The buffer is as it was.
pub fn copy_data_from<E: From<EncodeError>>(
    out: &mut BytesMut,
    write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
) -> Result<(), E> {
    framed(out, b'd', MAX_MESSAGE, write)
}

/// Writes a `CopyDone`: all rows were sent.
pub fn copy_done(out: &mut BytesMut) {
    empty(out, b'c');
}

/// Writes a `CopyFail`: the COPY shall fail, and its error shall quote the reason.
///
/// # Errors
/// A reason that holds a NUL or is too long.
pub fn copy_fail(out: &mut BytesMut, reason: &str) -> Result<(), EncodeError> {
    framed(out, b'f', MAX_MESSAGE, |out| {
        text(out, reason.as_bytes(), MAX_MESSAGE)
    })
}
