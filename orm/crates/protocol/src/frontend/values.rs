//! A value with its length before it, as `Bind` and the rows of a COPY have them.

use bytes::{BufMut, BytesMut};

use super::frame::{MAX_MESSAGE, length};
use crate::errors::BindError;

/// Whether an encoder wrote a value or found that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsNull {
    /// SQL's NULL; what was written is dropped.
    Yes,
    /// The value has been written, if only of no bytes.
    No,
}

/// Writes a value by its encoder; what is left behind after an error is for the caller to remove.
pub(crate) fn value<E>(
    out: &mut BytesMut,
    index: usize,
    encode: &mut impl FnMut(usize, &mut BytesMut) -> Result<IsNull, E>,
) -> Result<(), BindError<E>> {
    let start = out.len();
    out.put_i32(-1);
    match encode(index, out) {
        Ok(IsNull::Yes) => out.truncate(start + 4),
        Ok(IsNull::No) => {
            let size = length(out.len() - start - 4, MAX_MESSAGE)?;
            out[start..start + 4].copy_from_slice(&size.to_be_bytes());
        }
        Err(error) => return Err(BindError::Value { index, error }),
    }
    Ok(())
}
