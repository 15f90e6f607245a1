//! `Query`: runs one or more statements without parameters.

use bytes::BytesMut;

use super::frame::{MAX_MESSAGE, framed, text};
use crate::errors::EncodeError;

/// Writes a simple query; the server answers it with a `ReadyForQuery` of its own.
///
/// # Errors
/// A text that holds a NUL or is too long.
pub fn query(out: &mut BytesMut, sql: &str) -> Result<(), EncodeError> {
    framed(out, b'Q', MAX_MESSAGE, |out| {
        text(out, sql.as_bytes(), MAX_MESSAGE)
    })
}
