//! Why an authentication ended without anyone let in; nothing here quotes a password.

use std::fmt;

use thiserror::Error;

use super::Method;
use crate::errors::EncodeError;

/// A part of SCRAM's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScramField {
    /// The form of the message as a whole.
    Message,
    /// The nonce.
    Nonce,
    /// The salt.
    Salt,
    /// The number of iterations.
    Iterations,
    /// The server's signature.
    Signature,
}

impl fmt::Display for ScramField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Message => "message",
            Self::Nonce => "nonce",
            Self::Salt => "salt",
            Self::Iterations => "number of iterations",
            Self::Signature => "signature",
        })
    }
}

/// Why the client refuses the server, or has nothing to answer. The connection can only be dropped.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AuthError {
    /// The server wants a method that the policy does not allow.
    #[error("the server wants {0}, which is not allowed")]
    NotAllowed(Method),
    /// The server wants a method that this client does not have.
    #[error("the server wants the authentication method {code}, which is not supported")]
    Unsupported {
        /// The protocol's number of the method.
        code: i32,
    },
    /// None of the mechanisms that the server offers is known.
    #[error("the server offers no mechanism of SASL that is supported")]
    NoMechanism,
    /// The server wants a password, and there is none.
    #[error("the server wants a password, and none was given")]
    NoPassword,
    /// Channel binding is required, and the server, the connection or the certificate cannot have it.
    #[error("channel binding is required, and cannot be had")]
    NoChannelBinding,
    /// The server offers channel binding on a connection without TLS.
    #[error("the server offers channel binding on a connection without TLS")]
    BindingWithoutTls,
    /// A message came when it had no place.
    #[error("the server's authentication is out of order")]
    OutOfOrder,
    /// A message of SCRAM has not the form that it should have.
    #[error("the server's SCRAM {0} is malformed")]
    Malformed(ScramField),
    /// The server's nonce does not continue the client's.
    #[error("the server's SCRAM nonce does not continue the client's")]
    Nonce,
    /// Fewer or more iterations than are accepted.
    #[error("the server wants {found} iterations of SCRAM; {least} to {most} are accepted")]
    Iterations {
        /// What the server wants.
        found: u32,
        /// The fewest that are accepted.
        least: u32,
        /// The most that are accepted.
        most: u32,
    },
    /// The server ended SCRAM with an error of its own.
    #[error("the server ended SCRAM: {0}")]
    Refused(Box<str>),
    /// The server does not know the password, so it is not the one it pretends to be.
    #[error("the server's SCRAM signature is wrong")]
    Signature,
    /// The answer cannot be sent.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
