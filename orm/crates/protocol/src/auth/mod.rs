//! Proves to a server who the client is, and with SCRAM to the client who the server is.
//!
//! An [`Authenticator`] answers the server's `Authentication` messages as far as a [`Policy`] allows. The slow part
//! of SCRAM, a [`KeyDerivation`], is handed to the caller, who can run it on a thread.

mod authenticator;
mod binding;
mod der;
mod error;
mod key;
mod md5;
mod nonce;
mod policy;
mod scram;

pub use authenticator::{Authenticator, Step};
pub use binding::{EndPointError, Transport, server_end_point};
pub use error::{AuthError, ScramField};
pub use key::{DerivedKey, KeyDerivation};
pub use nonce::Nonce;
pub use policy::{ChannelBinding, Method, Policy};
