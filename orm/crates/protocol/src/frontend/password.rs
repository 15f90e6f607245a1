//! `PasswordMessage`, `SASLInitialResponse`, `SASLResponse`: answers to a server that asks who is there.

use bytes::{BufMut, BytesMut};

use super::frame::{MAX_AUTHENTICATION, framed, length, text};
use crate::errors::EncodeError;

/// Writes a `PasswordMessage`: the password itself, or what MD5 made of it.
///
/// # Errors
/// A password that holds a NUL or is too long.
pub fn password(out: &mut BytesMut, password: &[u8]) -> Result<(), EncodeError> {
    framed(out, b'p', MAX_AUTHENTICATION, |out| {
        text(out, password, MAX_AUTHENTICATION)
    })
}

/// Writes a `SASLInitialResponse`: the mechanism that was chosen, and its first message.
///
/// # Errors
/// A mechanism's name with a NUL, or too long a message.
pub fn sasl_initial_response(
    out: &mut BytesMut,
    mechanism: &str,
    data: &[u8],
) -> Result<(), EncodeError> {
    framed(out, b'p', MAX_AUTHENTICATION, |out| {
        text(out, mechanism.as_bytes(), MAX_AUTHENTICATION)?;
        out.put_u32(length(data.len(), MAX_AUTHENTICATION)?);
        out.put_slice(data);
        Ok(())
    })
}

/// Writes a `SASLResponse`: a later message of the mechanism.
///
/// # Errors
/// Too long a message.
pub fn sasl_response(out: &mut BytesMut, data: &[u8]) -> Result<(), EncodeError> {
    framed(out, b'p', MAX_AUTHENTICATION, |out| {
        length(data.len(), MAX_AUTHENTICATION)?;
        out.put_slice(data);
        Ok(())
    })
}
