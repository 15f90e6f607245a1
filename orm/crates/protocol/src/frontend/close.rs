//! `Close`: lets go of a statement or a portal.

use bytes::{BufMut, BytesMut};

use super::Target;
use super::frame::{MAX_MESSAGE, framed, text};
use crate::errors::EncodeError;

/// Writes a `Close`; the server answers it even if there is no such thing.
///
/// # Errors
/// A name that holds a NUL or is too long.
pub fn close(out: &mut BytesMut, target: Target<'_>) -> Result<(), EncodeError> {
    let (kind, name) = target.parts();
    framed(out, b'C', MAX_MESSAGE, |out| {
        out.put_u8(kind);
        text(out, name.as_bytes(), MAX_MESSAGE)
    })
}
