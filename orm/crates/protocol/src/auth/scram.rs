//! SCRAM-SHA-256 and SCRAM-SHA-256-PLUS: the client's part, by RFC 5802, 7677 and 5929.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;
use sha2::{Digest, Sha256};

use super::key::{finish, keyed};
use super::{AuthError, DerivedKey, KeyDerivation, Nonce, ScramField};

/// What the client says about channel binding, which the server checks against what it offered.
pub(super) enum Binding {
    /// The client cannot, or does not want to.
    No,
    /// The client could, but the server did not offer it.
    NotOffered,
    /// To the server's certificate, with this hash.
    EndPoint(Box<[u8]>),
}

impl Binding {
    /// The mechanism's name.
    pub(super) const fn mechanism(&self) -> &'static str {
        match self {
            Self::No | Self::NotOffered => "SCRAM-SHA-256",
            Self::EndPoint(_) => "SCRAM-SHA-256-PLUS",
        }
    }

    const fn header(&self) -> &'static str {
        match self {
            Self::No => "n,,",
            Self::NotOffered => "y,,",
            Self::EndPoint(_) => "p=tls-server-end-point,,",
        }
    }

    fn encoded(&self) -> String {
        let data: &[u8] = match self {
            Self::No | Self::NotOffered => &[],
            Self::EndPoint(hash) => hash,
        };
        STANDARD.encode([self.header().as_bytes(), data].concat())
    }
}

/// The client has said its nonce, and waits for the server's.
pub(super) struct First {
    bare: String,
    nonce: Nonce,
    binding: Binding,
}

/// The server has said its salt; the key has to be derived.
pub(super) struct Second {
    /// What both sides sign.
    signed: String,
    /// The client's message without its proof.
    message: String,
}

/// The client has given its proof, and waits for the server's.
pub(super) struct Last {
    key: DerivedKey,
    signed: String,
}

impl First {
    /// Begins, and returns the client's first message.
    pub(super) fn new(nonce: Nonce, binding: Binding) -> (Self, String) {
        // The server takes the user from the start-up message.
        let bare = format!("n=,r={}", nonce.as_str());
        let message = format!("{}{bare}", binding.header());
        (
            Self {
                bare,
                nonce,
                binding,
            },
            message,
        )
    }

    /// Takes the server's first message, and returns what has to be derived.
    pub(super) fn received(
        self,
        message: &[u8],
        password: &[u8],
        accepted: &RangeInclusive<u32>,
    ) -> Result<(Second, KeyDerivation), AuthError> {
        let message =
            std::str::from_utf8(message).map_err(|_| AuthError::Malformed(ScramField::Message))?;
        let mut fields = message.split(',');
        let nonce = field(fields.next(), "r=", ScramField::Nonce)?;
        let salt = field(fields.next(), "s=", ScramField::Salt)?;
        let iterations = field(fields.next(), "i=", ScramField::Iterations)?;
        if fields.next().is_some() {
            return Err(AuthError::Malformed(ScramField::Message));
        }
        self.check_nonce(nonce)?;
        let salt = decoded(salt, ScramField::Salt)?;
        let derivation = KeyDerivation::new(password, salt, checked(iterations, accepted)?);
        let answer = format!("c={},r={nonce}", self.binding.encoded());
        let signed = format!("{},{message},{answer}", self.bare);
        Ok((
            Second {
                signed,
                message: answer,
            },
            derivation,
        ))
    }

    fn check_nonce(&self, nonce: &str) -> Result<(), AuthError> {
        match nonce.strip_prefix(self.nonce.as_str()) {
            None | Some("") => Err(AuthError::Nonce),
            Some(rest) if rest.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(()),
            Some(_) => Err(AuthError::Malformed(ScramField::Nonce)),
        }
    }
}

impl Second {
    /// Takes the key, and returns the client's last message.
    pub(super) fn derived(self, key: DerivedKey) -> (Last, String) {
        let client = finish(keyed(&key.0).chain_update("Client Key"));
        let mut proof = finish(keyed(&Sha256::digest(client)).chain_update(&self.signed));
        for (byte, other) in proof.iter_mut().zip(client) {
            *byte ^= other;
        }
        let message = format!("{},p={}", self.message, STANDARD.encode(proof));
        (
            Last {
                key,
                signed: self.signed,
            },
            message,
        )
    }
}

impl Last {
    /// Takes the server's last message, which proves that it knows the password too.
    pub(super) fn received(self, message: &[u8]) -> Result<(), AuthError> {
        let message =
            std::str::from_utf8(message).map_err(|_| AuthError::Malformed(ScramField::Message))?;
        if let Some(error) = message.strip_prefix("e=") {
            return Err(AuthError::Refused(error.into()));
        }
        let signature = decoded(
            field(Some(message), "v=", ScramField::Signature)?,
            ScramField::Signature,
        )?;
        let server = finish(keyed(&self.key.0).chain_update("Server Key"));
        let expected = keyed(&server).chain_update(&self.signed);
        expected
            .verify_slice(&signature)
            .map_err(|_| AuthError::Signature)
    }
}

fn field<'a>(text: Option<&'a str>, prefix: &str, field: ScramField) -> Result<&'a str, AuthError> {
    text.and_then(|text| text.strip_prefix(prefix))
        .ok_or(AuthError::Malformed(field))
}

fn decoded(text: &str, field: ScramField) -> Result<Vec<u8>, AuthError> {
    match STANDARD.decode(text) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(AuthError::Malformed(field)),
    }
}

fn checked(iterations: &str, accepted: &RangeInclusive<u32>) -> Result<u32, AuthError> {
    let digits = iterations.bytes().all(|byte| byte.is_ascii_digit());
    let found = iterations
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or(AuthError::Malformed(ScramField::Iterations))?;
    if accepted.contains(&found) {
        return Ok(found);
    }
    Err(AuthError::Iterations {
        found,
        least: *accepted.start(),
        most: *accepted.end(),
    })
}
