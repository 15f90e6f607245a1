//! Looks for bytes of a server that the protocol crate does not stand.
//!
//! [`targets`] says what has to hold for all bytes; [`mutation`] makes new bytes out of those that are known, and
//! [`coverage`] tells which of them reached code that none had reached. `make fuzz-protocol` runs it; the inputs
//! that were worth keeping lie in `corpus.txt` and are replayed by `cargo test`.

pub mod corpus;
pub mod coverage;
pub mod memory;
pub mod mutation;
pub mod random;
pub mod targets;
