//! `NegotiateProtocolVersion`: what the server does not speak of what it was asked to.

use super::Reader;
use crate::errors::DecodeError;

/// What a server speaks instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiation {
    /// The newest minor version of the protocol that the server has, as its own number of 32 bits.
    pub version: u32,
    /// The options that it does not know.
    pub unknown: Box<[Box<str>]>,
}

impl Negotiation {
    pub(super) fn parse(mut reader: Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.u32()?;
        let count = reader.u32()?;
        // Each takes a byte at least, so the body's length bounds the loop.
        let unknown = (0..count)
            .map(|_| reader.text().map(Into::into))
            .collect::<Result<_, _>>()?;
        reader.finish()?;
        Ok(Self { version, unknown })
    }
}
