//! `Parse`: prepares a statement under a name.

use bytes::{BufMut, BytesMut};

use super::frame::{MAX_MESSAGE, count, framed, text};
use crate::Oid;
use crate::errors::EncodeError;

/// Writes a `Parse`. `types` are those of the first parameters; 0 leaves one to the server.
///
/// # Errors
/// A NUL in a text, more than 65,535 types, or a statement too long for a message.
pub fn parse(out: &mut BytesMut, name: &str, sql: &str, types: &[Oid]) -> Result<(), EncodeError> {
    framed(out, b'P', MAX_MESSAGE, |out| {
        let types_count = count(types.len())?;
        text(out, name.as_bytes(), MAX_MESSAGE)?;
        text(out, sql.as_bytes(), MAX_MESSAGE)?;
        out.put_u16(types_count);
        for oid in types {
            out.put_u32(*oid);
        }
        Ok(())
    })
}
