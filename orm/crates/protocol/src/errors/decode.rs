//! Why what a server sent is no message. After one of these the connection is of no more use.

use thiserror::Error;

/// What is wrong with the bytes of a server; `tag` is the first byte of the message.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// A message of a kind that the protocol does not have.
    #[error("an unknown message 0x{tag:02x}")]
    UnknownTag {
        /// The message.
        tag: u8,
    },
    /// A length that is negative or does not even cover itself.
    #[error("message {:?} claims a length of {length}", char::from(*.tag))]
    Length {
        /// The message.
        tag: u8,
        /// The length that it claims.
        length: i32,
    },
    /// A length above the limit for such a message.
    #[error("message {:?} claims {length} bytes; {limit} is the limit", char::from(*.tag))]
    TooLong {
        /// The message.
        tag: u8,
        /// The length that it claims.
        length: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// A message that ends within a field.
    #[error("message {:?} ends within a field", char::from(*.tag))]
    Truncated {
        /// The message.
        tag: u8,
    },
    /// A message that goes on after its last field.
    #[error("message {:?} has {bytes} bytes after its last field", char::from(*.tag))]
    Trailing {
        /// The message.
        tag: u8,
        /// How many bytes are left.
        bytes: usize,
    },
    /// A text that is not UTF-8.
    #[error("message {:?} holds a text that is not UTF-8", char::from(*.tag))]
    NotUtf8 {
        /// The message.
        tag: u8,
    },
    /// A number that the protocol gives no meaning in this place.
    #[error("message {:?} holds {value}, which stands for nothing", char::from(*.tag))]
    Value {
        /// The message.
        tag: u8,
        /// The number.
        value: i64,
    },
    /// More bytes were reported than there was space for; a fault of the caller, not of the server.
    #[error("{bytes} bytes were reported in a space of {space}")]
    Overfilled {
        /// The bytes reported.
        bytes: usize,
        /// The space given.
        space: usize,
    },
}
