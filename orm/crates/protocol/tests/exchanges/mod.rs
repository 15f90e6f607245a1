//! Conversations with a PostgreSQL, each played against a server when it is recorded and against the record after.

pub mod conversation;
pub mod scripts;
pub mod wire;

/// The folder of the records.
pub fn folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exchanges/recorded")
}
