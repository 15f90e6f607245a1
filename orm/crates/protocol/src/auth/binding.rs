//! `tls-server-end-point`: the hash of a server's certificate, to which SCRAM is bound.

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use thiserror::Error;

use super::der::{FIRST, IDENTIFIER, SEQUENCE, take};

/// What an authentication runs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A connection that is not encrypted, or a unix socket.
    Plain,
    /// TLS.
    Tls {
        /// What [`server_end_point`] makes of the server's certificate; none if that cannot be had.
        end_point: Option<Box<[u8]>>,
    },
}

/// Why a certificate has no hash to bind to.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum EndPointError {
    /// It is no certificate.
    #[error("the server's certificate is malformed")]
    Malformed,
    /// Its signature has no hash of its own, as with Ed25519, or one that is not known.
    #[error("the signature of the server's certificate names no hash that is known")]
    NoHash,
}

/// RSA with the hash that the last byte of the identifier says, by PKCS #1.
const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01";
/// ECDSA with the hash that the last byte of the identifier says.
const ECDSA_SHA2: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03";
/// ECDSA with SHA-1.
const ECDSA_SHA1: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x01";
/// The hashes of the SHA-2 family.
const SHA2: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02";
/// SHA-1.
const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";

#[derive(Clone, Copy)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// The hash of a certificate in DER, by RFC 5929: by its signature's own hash, or SHA-256 for MD5 and SHA-1.
///
/// # Errors
/// A certificate that cannot be read, or whose signature names no hash.
pub fn server_end_point(certificate: &[u8]) -> Result<Box<[u8]>, EndPointError> {
    let algorithm = signature_algorithm(certificate).ok_or(EndPointError::Malformed)?;
    Ok(
        match signature_hash(algorithm).ok_or(EndPointError::NoHash)? {
            Hash::Sha224 => Sha224::digest(certificate).as_slice().into(),
            Hash::Sha256 => Sha256::digest(certificate).as_slice().into(),
            Hash::Sha384 => Sha384::digest(certificate).as_slice().into(),
            Hash::Sha512 => Sha512::digest(certificate).as_slice().into(),
        },
    )
}

fn signature_algorithm(mut certificate: &[u8]) -> Option<&[u8]> {
    let mut parts = take(&mut certificate, SEQUENCE)?;
    take(&mut parts, SEQUENCE)?; // what is signed
    take(&mut parts, SEQUENCE)
}

fn signature_hash(mut algorithm: &[u8]) -> Option<Hash> {
    let identifier = take(&mut algorithm, IDENTIFIER)?;
    match identifier.split_last()? {
        (0x04 | 0x05, RSA) => Some(Hash::Sha256),
        (0x0a, RSA) => pss_hash(algorithm),
        (0x0b, RSA) | (0x02, ECDSA_SHA2) => Some(Hash::Sha256),
        (0x0c, RSA) | (0x03, ECDSA_SHA2) => Some(Hash::Sha384),
        (0x0d, RSA) | (0x04, ECDSA_SHA2) => Some(Hash::Sha512),
        (0x0e, RSA) | (0x01, ECDSA_SHA2) => Some(Hash::Sha224),
        _ => (identifier == ECDSA_SHA1).then_some(Hash::Sha256),
    }
}

/// The hash of RSASSA-PSS, which is a parameter of it and SHA-1 if not given.
fn pss_hash(mut algorithm: &[u8]) -> Option<Hash> {
    let mut parameters = take(&mut algorithm, SEQUENCE)?;
    let Some(mut hash) = take(&mut parameters, FIRST) else {
        return Some(Hash::Sha256);
    };
    let identifier = take(&mut take(&mut hash, SEQUENCE)?, IDENTIFIER)?;
    match identifier.split_last()? {
        (0x01, SHA2) => Some(Hash::Sha256),
        (0x02, SHA2) => Some(Hash::Sha384),
        (0x03, SHA2) => Some(Hash::Sha512),
        (0x04, SHA2) => Some(Hash::Sha224),
        _ => (identifier == SHA1).then_some(Hash::Sha256),
    }
}
