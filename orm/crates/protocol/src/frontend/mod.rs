//! What a client says: one function per message, which appends it to a buffer.
//!
//! Sizes and counts are checked; a function that returns an error has left the buffer as it was.

mod bind;
mod cancel;
mod close;
mod copy;
mod describe;
mod execute;
mod frame;
mod parse;
mod password;
mod query;
mod startup;
mod sync;
mod values;

pub use bind::bind;
pub use cancel::cancel_request;
pub use close::close;
pub use copy::{copy_data, copy_data_from, copy_done, copy_fail};
pub use describe::describe;
pub use execute::execute;
pub use frame::{MAX_AUTHENTICATION, MAX_MESSAGE, MAX_PARAMETERS, MAX_STARTUP};
pub use parse::parse;
pub use password::{password, sasl_initial_response, sasl_response};
pub use query::query;
pub use startup::{startup, tls_request};
pub use sync::{flush, sync, terminate};
pub use values::IsNull;
pub(crate) use values::value;

/// What `Describe` and `Close` are about, by its name; the empty name is the unnamed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A prepared statement.
    Statement(&'a str),
    /// A portal, an open cursor.
    Portal(&'a str),
}

impl<'a> Target<'a> {
    const fn parts(self) -> (u8, &'a str) {
        match self {
            Self::Statement(name) => (b'S', name),
            Self::Portal(name) => (b'P', name),
        }
    }
}
