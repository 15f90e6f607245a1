//! `Sync`, `Flush`, `Terminate`: messages without a body.

use bytes::BytesMut;

use super::frame::empty;

/// Writes a `Sync`: ends a run of the extended protocol, and a transaction that was not begun by hand.
pub fn sync(out: &mut BytesMut) {
    empty(out, b'S');
}

/// Writes a `Flush`: has the server send what it holds back.
pub fn flush(out: &mut BytesMut) {
    empty(out, b'H');
}

/// Writes a `Terminate`: takes leave.
pub fn terminate(out: &mut BytesMut) {
    empty(out, b'X');
}
