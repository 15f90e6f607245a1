//! The answer to an `SSLRequest`: a single byte, outside of every frame.

use thiserror::Error;

/// What a server answers to the wish for TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsAnswer {
    /// TLS begins at once.
    Accepted,
    /// The server has no TLS; the connection may go on without.
    Refused,
}

/// What is wrong with such an answer.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TlsAnswerError {
    /// Bytes came with the answer. They were not encrypted, so somebody between may have put them there.
    #[error("{0} bytes came after the answer to the request for TLS")]
    Stuffed(usize),
    /// An answer that the protocol does not have; `E` begins the error of a server older than TLS.
    #[error("0x{0:02x} is no answer to the request for TLS")]
    Unknown(u8),
}

/// Reads the answer out of all that was received since the request; none if nothing was.
///
/// # Errors
/// Another byte than `S` or `N`, or more bytes than one.
pub fn tls_answer(received: &[u8]) -> Result<Option<TlsAnswer>, TlsAnswerError> {
    match received {
        [] => Ok(None),
        [b'S'] => Ok(Some(TlsAnswer::Accepted)),
        [b'N'] => Ok(Some(TlsAnswer::Refused)),
        [b'S' | b'N', rest @ ..] => Err(TlsAnswerError::Stuffed(rest.len())),
        [other, ..] => Err(TlsAnswerError::Unknown(*other)),
    }
}
