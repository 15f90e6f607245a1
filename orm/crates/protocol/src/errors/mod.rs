//! What can go wrong: in what we were about to write, in what a server sent, and what a server reports.

mod decode;
mod encode;
mod fields;
mod sqlstate;

pub use decode::DecodeError;
pub use encode::{BindError, EncodeError};
pub use fields::{ErrorFields, Severity};
pub use sqlstate::SqlState;
