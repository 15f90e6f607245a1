//! The frame around every message: its tag, its length, and the limits that hold for it.

use bytes::{BufMut, BytesMut};

use crate::errors::EncodeError;

/// The longest message that a server takes, its length field included: PostgreSQL allocates at most 1 GiB - 1.
pub const MAX_MESSAGE: usize = 0x3fff_fffe;
/// The longest start-up message that a server takes.
pub const MAX_STARTUP: usize = 10_000;
/// The longest answer to a question of authentication that a server takes.
pub const MAX_AUTHENTICATION: usize = 65_535;
/// The most parameters, of which a message counts 16 bits.
pub const MAX_PARAMETERS: usize = 65_535;

/// Writes a message with a tag; on an error the buffer is as it was.
pub(super) fn framed<E: From<EncodeError>>(
    out: &mut BytesMut,
    tag: u8,
    limit: usize,
    body: impl FnOnce(&mut BytesMut) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    out.put_u8(tag);
    let written = unframed(out, limit, body);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Writes a message without a tag, as those before the session are; on an error the buffer is as it was.
pub(super) fn unframed<E: From<EncodeError>>(
    out: &mut BytesMut,
    limit: usize,
    body: impl FnOnce(&mut BytesMut) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    out.put_u32(0);
    let written = body(out).and_then(|()| Ok(length(out.len() - start, limit)?));
    match written {
        Ok(length) => {
            out[start..start + 4].copy_from_slice(&length.to_be_bytes());
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

/// A length as the wire has it, if it is within the limit.
pub(super) fn length(length: usize, limit: usize) -> Result<u32, EncodeError> {
    match u32::try_from(length) {
        Ok(wire) if length <= limit => Ok(wire),
        _ => Err(EncodeError::TooLong { length, limit }),
    }
}

/// A count as the wire has it.
pub(super) fn count(count: usize) -> Result<u16, EncodeError> {
    u16::try_from(count).map_err(|_| EncodeError::TooMany { count })
}

/// Writes a message that has no body.
pub(super) fn empty(out: &mut BytesMut, tag: u8) {
    out.put_u8(tag);
    out.put_u32(4);
}

/// Writes a text and the NUL that ends it. The length is looked at first, so that nothing is copied in vain.
pub(super) fn text(out: &mut BytesMut, text: &[u8], limit: usize) -> Result<(), EncodeError> {
    length(text.len(), limit)?;
    if text.contains(&0) {
        return Err(EncodeError::Nul);
    }
    out.put_slice(text);
    out.put_u8(0);
    Ok(())
}
