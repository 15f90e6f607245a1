//! Why a message cannot be written. When one of these is returned, no byte of the message was written.

use thiserror::Error;

/// What is wrong with a message that the client wanted to send.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum EncodeError {
    /// A message longer than a server takes.
    #[error("a message of {length} bytes; {limit} is the most that a server takes")]
    TooLong {
        /// The length it would have had, as far as it was known.
        length: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// More parameters, types or formats than a message can count.
    #[error("{count} values are more than a message can count")]
    TooMany {
        /// How many there were.
        count: usize,
    },
    /// A name or a text with a NUL in it, which would end it early.
    #[error("a text holds a NUL character")]
    Nul,
    /// A start-up parameter without a name, which would end the list early.
    #[error("a start-up parameter has no name")]
    NoName,
    /// A limit of rows beyond what a message can say.
    #[error("a limit of {0} rows; {max} is the highest", max = i32::MAX)]
    RowLimit(u32),
}

/// Why a `Bind`, or a row of a COPY, was not written: by the protocol's limits, or because a value could not be encoded.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BindError<E> {
    /// The message goes beyond a limit.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The encoder of the value at this place refused it.
    #[error("parameter {} cannot be encoded", index + 1)]
    Value {
        /// The parameter's place, from 0.
        index: usize,
        /// What its encoder said.
        error: E,
    },
}
