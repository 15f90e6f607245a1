//! SQLite with a step budget for short reads, and one writer. It knows no Python.
//!
//! [`Session`] is one connection: a short read runs where it is called, under a [`Budget`]; what is longer, and
//! all that writes, runs on the session's own thread, and its answer is left in a [`Mailbox`].

mod backup;
mod cells;
mod connection;
mod error;
mod functions;
mod limits;
mod mailbox;
mod session;
mod statement;

pub use cells::{Answer, Cell, Cells, Value};
pub use connection::{Connection, Mode, Outcome, Settings};
pub use error::{Error, Result};
pub use limits::{Budget, Cancel};
pub use mailbox::Mailbox;
pub use session::{Inline, Job, Session, Work};
pub use statement::surely_reads;
