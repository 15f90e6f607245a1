//! What a client accepts of a server that asks who it is.

use std::fmt;
use std::ops::RangeInclusive;

/// A way to prove who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// None: the server lets the client in as it is.
    Trust,
    /// The password itself.
    Cleartext,
    /// A hash of the password by MD5, which is broken.
    Md5,
    /// SCRAM-SHA-256.
    Scram,
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Trust => "no authentication",
            Self::Cleartext => "a cleartext password",
            Self::Md5 => "MD5",
            Self::Scram => "SCRAM-SHA-256",
        })
    }
}

/// Whether SCRAM is bound to the TLS that it runs in, so that nobody between can pass it on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// If client and server can.
    #[default]
    Prefer,
    /// Or else the server is refused.
    Require,
}

/// What a client accepts. By default that is SCRAM, and no authentication if the server wants none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether the server may want nothing at all.
    pub trust: bool,
    /// Whether the server may have the password as it is.
    pub cleartext: bool,
    /// Whether the server may have the password through MD5.
    pub md5: bool,
    /// Whether the server may ask for SCRAM.
    pub scram: bool,
    /// Whether SCRAM is bound to TLS. With `Require` nothing else than such a SCRAM is accepted.
    pub channel_binding: ChannelBinding,
    /// How many iterations of SCRAM are accepted: fewer make the password cheap to guess for whoever has seen the
    /// exchange, more make the client work for a server that lies.
    pub iterations: RangeInclusive<u32>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            trust: true,
            cleartext: false,
            md5: false,
            scram: true,
            channel_binding: ChannelBinding::Prefer,
            iterations: 4096..=1_000_000,
        }
    }
}

impl Policy {
    /// Whether a method is accepted, other than for its channel binding.
    #[must_use]
    pub const fn allows(&self, method: Method) -> bool {
        match method {
            Method::Trust => self.trust,
            Method::Cleartext => self.cleartext,
            Method::Md5 => self.md5,
            Method::Scram => self.scram,
        }
    }
}
