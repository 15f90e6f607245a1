//! The hash of a certificate that SCRAM is bound to, for certificates that OpenSSL has made.

use queryengine_protocol::auth::{EndPointError, server_end_point};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

type Digester = fn(&[u8]) -> Vec<u8>;

fn certificate(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/tests/certificates/{name}.der",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

#[test]
fn a_certificate_is_hashed_as_its_signature_does() {
    let hashes: [(&str, Digester); 4] = [
        ("sha224", |der| Sha224::digest(der).to_vec()),
        ("sha256", |der| Sha256::digest(der).to_vec()),
        ("sha384", |der| Sha384::digest(der).to_vec()),
        ("sha512", |der| Sha512::digest(der).to_vec()),
    ];
    for signature in ["rsa", "pss", "ecdsa"] {
        for (hash, digest) in hashes {
            let der = certificate(&format!("{signature}_{hash}"));
            assert_eq!(
                server_end_point(&der).unwrap().to_vec(),
                digest(&der),
                "{signature} {hash}"
            );
        }
    }
}

#[test]
fn broken_hashes_are_replaced_by_sha256() {
    for name in ["rsa_md5", "rsa_sha1", "pss_sha1", "ecdsa_sha1"] {
        let der = certificate(name);
        assert_eq!(
            server_end_point(&der).unwrap().to_vec(),
            Sha256::digest(&der).to_vec(),
            "{name}"
        );
    }
}

#[test]
fn a_signature_without_a_hash_has_nothing_to_bind_to() {
    assert_eq!(
        server_end_point(&certificate("ed25519")),
        Err(EndPointError::NoHash)
    );
}

#[test]
fn what_is_no_certificate_is_refused() {
    for wrong in [
        &b""[..],
        b"0",
        b"0\x00",
        b"0\x80",
        b"0\x85\x01\x01\x01\x01\x01",
        b"0\x84\xff\xff\xff\xff",
        b"1\x00",
    ] {
        assert_eq!(
            server_end_point(wrong),
            Err(EndPointError::Malformed),
            "{wrong:?}"
        );
    }
    let der = certificate("pss_sha512");
    for end in 0..der.len() {
        assert_eq!(
            server_end_point(&der[..end]),
            Err(EndPointError::Malformed),
            "{end} bytes"
        );
    }
}
