//! `Authentication*`: what a server wants to know before it lets anyone in.

use super::Reader;
use crate::errors::DecodeError;

/// A step of the authentication, as the server sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// The client is let in.
    Ok,
    /// The password is wanted as it is.
    CleartextPassword,
    /// The password is wanted through MD5 with this salt.
    Md5Password {
        /// The salt.
        salt: [u8; 4],
    },
    /// One of these mechanisms of SASL is wanted; the server's favourite comes first.
    Sasl {
        /// The names of the mechanisms.
        mechanisms: Box<[Box<str>]>,
    },
    /// The mechanism goes on.
    SaslContinue {
        /// The mechanism's own message.
        data: Box<[u8]>,
    },
    /// The mechanism's last message.
    SaslFinal {
        /// The mechanism's own message.
        data: Box<[u8]>,
    },
    /// A method that this client does not have: Kerberos, GSSAPI, SSPI.
    Unsupported {
        /// The protocol's number of the method.
        code: i32,
    },
}

impl Authentication {
    pub(super) fn parse(mut reader: Reader<'_>) -> Result<Self, DecodeError> {
        let step = match reader.i32()? {
            0 => Self::Ok,
            3 => Self::CleartextPassword,
            5 => Self::Md5Password {
                salt: reader.u32()?.to_be_bytes(),
            },
            10 => Self::Sasl {
                mechanisms: mechanisms(&mut reader)?,
            },
            11 => {
                return Ok(Self::SaslContinue {
                    data: reader.rest().into(),
                });
            }
            12 => {
                return Ok(Self::SaslFinal {
                    data: reader.rest().into(),
                });
            }
            code @ (2 | 6 | 7 | 8 | 9) => return Ok(Self::Unsupported { code }),
            code => return Err(reader.meaningless(code)),
        };
        reader.finish()?;
        Ok(step)
    }
}

fn mechanisms(reader: &mut Reader<'_>) -> Result<Box<[Box<str>]>, DecodeError> {
    let mut names: Vec<Box<str>> = Vec::new();
    loop {
        match reader.text()? {
            "" => return Ok(names.into()),
            name => names.push(name.into()),
        }
    }
}
