//! A connection to PostgreSQL on asyncio: what is sent, what is waited for, and what becomes of the answers.

mod arguments;
mod call;
mod cancelling;
mod control;
mod copy_reader;
mod copying;
mod errors;
mod gathered;
mod gathering;
mod handshake;
mod lifetime;
mod link;
mod methods;
mod plans;
mod replies;
mod sending;
mod session;
mod statements;
mod transport;

pub use copy_reader::CopyReader;
pub use handshake::{Derivation, DerivedPassword};
pub use link::Link;
