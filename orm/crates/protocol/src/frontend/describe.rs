//! `Describe`: asks for the parameters and columns of a statement, or the columns of a portal.

use bytes::{BufMut, BytesMut};

use super::Target;
use super::frame::{MAX_MESSAGE, framed, text};
use crate::errors::EncodeError;

/// Writes a `Describe`.
///
/// # Errors
/// A name that holds a NUL or is too long.
pub fn describe(out: &mut BytesMut, target: Target<'_>) -> Result<(), EncodeError> {
    let (kind, name) = target.parts();
    framed(out, b'D', MAX_MESSAGE, |out| {
        out.put_u8(kind);
        text(out, name.as_bytes(), MAX_MESSAGE)
    })
}
