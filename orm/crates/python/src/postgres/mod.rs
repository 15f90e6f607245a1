//! A connection to PostgreSQL on asyncio: what is sent, what is waited for, and what becomes of the answers.

mod call;
mod copying;
mod errors;
mod handshake;
mod link;
mod methods;
mod replies;
mod sending;
mod session;
mod statements;

pub use handshake::{Derivation, DerivedPassword};
pub use link::Link;
