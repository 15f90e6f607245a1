//! `StartupMessage` and `SSLRequest`: how a connection begins.

use bytes::{BufMut, BytesMut};

use super::frame::{MAX_STARTUP, text, unframed};
use crate::errors::EncodeError;

const VERSION_3_0: u32 = 3 << 16;
const TLS_CODE: u32 = 80_877_103;

/// Writes a `StartupMessage` of protocol 3.0; `parameters` hold at least the user.
///
/// # Errors
/// A parameter without a name, a NUL in a text, or more than 10,000 bytes.
pub fn startup<'a>(
    out: &mut BytesMut,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<(), EncodeError> {
    unframed(out, MAX_STARTUP, |out| {
        out.put_u32(VERSION_3_0);
        for (name, value) in parameters {
            if name.is_empty() {
                return Err(EncodeError::NoName);
            }
            text(out, name.as_bytes(), MAX_STARTUP)?;
            text(out, value.as_bytes(), MAX_STARTUP)?;
        }
        out.put_u8(0);
        Ok(())
    })
}

/// Writes an `SSLRequest`, which the server answers with a single byte; see `backend::tls_answer`.
pub fn tls_request(out: &mut BytesMut) {
    out.put_u32(8);
    out.put_u32(TLS_CODE);
}
