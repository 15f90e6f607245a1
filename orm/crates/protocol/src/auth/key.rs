//! The slow part of SCRAM: the key that is derived from the password by many iterations.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Hashes as long as SHA-256 makes them.
pub(super) type Hash = [u8; 32];

/// A derivation that has to be done, of some milliseconds or more; [`run`](Self::run) needs nothing but itself.
///
/// Two of the same password, salt and iterations give the same key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyDerivation {
    password: Vec<u8>,
    salt: Vec<u8>,
    iterations: u32,
}

/// What a derivation gives. It is as good as the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DerivedKey(pub(super) Hash);

impl KeyDerivation {
    pub(super) fn new(password: &[u8], salt: Vec<u8>, iterations: u32) -> Self {
        Self {
            password: normalised(password),
            salt,
            iterations,
        }
    }

    /// How many iterations it takes; a thousand are some tenths of a millisecond.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Derives the key: PBKDF2 with HMAC-SHA-256, the first block.
    #[must_use]
    pub fn run(&self) -> DerivedKey {
        let keyed = keyed(&self.password);
        let mut last = finish(
            keyed
                .clone()
                .chain_update(&self.salt)
                .chain_update(1_u32.to_be_bytes()),
        );
        let mut key = last;
        for _ in 1..self.iterations {
            last = finish(keyed.clone().chain_update(last));
            for (byte, other) in key.iter_mut().zip(last) {
                *byte ^= other;
            }
        }
        DerivedKey(key)
    }
}

impl fmt::Debug for KeyDerivation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KeyDerivation")
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DerivedKey(..)")
    }
}

/// HMAC-SHA-256 under a key.
pub(super) fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of every length, so the other arm is never taken.
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()))
}

/// The code of what was put in.
pub(super) fn finish(hmac: Hmac<Sha256>) -> Hash {
    hmac.finalize().into_bytes().into()
}

/// The password as SASLprep has it; as it is if it is not UTF-8 or has what SASLprep forbids, as the server does.
fn normalised(password: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(password).map(stringprep::saslprep) {
        Ok(Ok(prepared)) => prepared.into_owned().into_bytes(),
        _ => password.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors that RFC 6070 has for SHA-1, with SHA-256.
    #[test]
    fn a_key_is_what_pbkdf2_gives() {
        for (iterations, key) in [
            (
                1,
                "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b",
            ),
            (
                2,
                "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43",
            ),
            (
                4096,
                "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a",
            ),
        ] {
            let derived = KeyDerivation::new(b"password", b"salt".to_vec(), iterations).run();
            let hex: String = derived.0.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, key);
        }
    }

    #[test]
    fn a_password_is_normalised_if_it_can_be() {
        let derived = |password: &[u8]| KeyDerivation::new(password, b"salt".to_vec(), 1).run();
        assert_eq!(derived("I\u{ad}X".as_bytes()), derived(b"IX")); // a soft hyphen is nothing
        assert_eq!(derived("\u{2168}".as_bytes()), derived(b"IX")); // the Roman numeral
        for raw in [&b"\xff"[..], b"a\x07"] {
            assert_eq!(normalised(raw), raw);
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let derivation = KeyDerivation::new(b"secret", b"salt".to_vec(), 1);
        let printed = format!("{derivation:?} {:?}", derivation.run());
        assert_eq!(
            printed,
            "KeyDerivation { iterations: 1, .. } DerivedKey(..)"
        );
    }
}
