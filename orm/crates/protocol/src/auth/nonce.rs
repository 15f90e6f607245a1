//! The client's nonce of SCRAM, out of random bytes that the caller brings.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A text that is used in one authentication and never again.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// Makes a nonce of bytes that nobody can foresee.
    #[must_use]
    pub fn new(random: [u8; 24]) -> Self {
        Self(STANDARD.encode(random))
    }

    /// The nonce as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
