//! `CancelRequest`: asks, over a connection of its own, that another connection's query be cancelled.

use bytes::{BufMut, BytesMut};

use super::frame::{MAX_STARTUP, unframed};
use crate::errors::EncodeError;

const CODE: u32 = 80_877_102;

/// Writes a `CancelRequest` with what the server's `BackendKeyData` said; the server answers by hanging up.
///
/// It names a connection, not a query: whatever runs there when it arrives is cancelled.
///
/// # Errors
/// A key longer than a server could have sent.
pub fn cancel_request(out: &mut BytesMut, process_id: i32, key: &[u8]) -> Result<(), EncodeError> {
    unframed(out, MAX_STARTUP, |out| {
        out.put_u32(CODE);
        out.put_i32(process_id);
        out.put_slice(key);
        Ok(())
    })
}
