//! PostgreSQL's wire protocol as values: bytes in, messages out. It knows no socket, no runtime, no Python.
//!
//! [`frontend`] writes what a client says, [`backend`] reads what a server says, [`auth`] proves who speaks, and
//! [`errors`] holds what can be wrong with either. Nothing here panics on input, and nothing allocates by a length that a server only claims.
#![forbid(unsafe_code)]

pub mod auth;
pub mod backend;
pub mod copy;
pub mod errors;
pub mod format;
pub mod frontend;

/// The number by which PostgreSQL knows a type or a table.
pub type Oid = u32;
