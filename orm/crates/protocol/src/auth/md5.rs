//! The password through MD5, as PostgreSQL wants it.

use md5::{Digest, Md5};

/// `md5` and the hash of the hash of password and user, and of the salt.
pub(super) fn hashed(user: &str, password: &[u8], salt: [u8; 4]) -> String {
    let inner = hex(Md5::new().chain_update(password).chain_update(user));
    format!(
        "md5{}",
        hex(Md5::new().chain_update(inner).chain_update(salt))
    )
}

fn hex(hash: Md5) -> String {
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
