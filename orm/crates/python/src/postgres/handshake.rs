//! What happens before a session: the wish for TLS, the start-up, the proof of who one is.

use bytes::BytesMut;
use pyo3::import_exception;
use pyo3::prelude::*;
use queryengine_protocol::auth::{
    AuthError, Authenticator, ChannelBinding, DerivedKey, KeyDerivation, Nonce, Policy, Step,
    Transport, server_end_point,
};
use queryengine_protocol::backend::{Decoder, Message, TlsAnswer, TransactionStatus, tls_answer};
use queryengine_protocol::frontend;

use super::errors::{ProtocolViolation, database_error};
use super::sending::refused;
use super::session::{Session, TOO_MANY_SETTINGS};

import_exception!(queryengine_orm.errors, AuthenticationFailed);

/// A key that has to be derived; slow, so call it on a thread.
#[pyclass(frozen, module = "queryengine_orm._native")]
pub struct Derivation(KeyDerivation);

#[pymethods]
impl Derivation {
    /// Derive the key.
    fn run(&self, py: Python<'_>) -> DerivedPassword {
        DerivedPassword(py.detach(|| self.0.run()))
    }
}

/// A key that was derived.
#[pyclass(frozen, module = "queryengine_orm._native")]
pub struct DerivedPassword(DerivedKey);

/// Where a connection stands before its session.
pub enum Phase {
    /// Nothing may come.
    Silent,
    /// The server was asked for TLS.
    Asked,
    /// The server wants to know who is there.
    Proving(Box<Authenticator>),
    /// The server tells of itself.
    Greeting,
    /// The session has begun.
    Open,
}

/// What a step of the handshake gave.
pub enum Progress {
    /// More has to come.
    Wait,
    /// Whether the server has TLS.
    Tls(bool),
    /// A key has to be derived.
    Derive(Derivation),
    /// The session is open.
    Open,
}

/// Who the client is, and what it accepts of the server.
pub struct Credentials<'a> {
    /// The user.
    pub user: &'a str,
    /// The password.
    pub password: Option<&'a str>,
    /// Names of the methods that are allowed, as in libpq's `require_auth`.
    pub methods: Vec<String>,
    /// libpq's `channel_binding`.
    pub channel_binding: &'a str,
    /// Whether the connection has TLS.
    pub is_tls: bool,
    /// The server's certificate in DER.
    pub certificate: Option<&'a [u8]>,
    /// Bytes that nobody can foresee.
    pub random: [u8; 24],
}

impl Credentials<'_> {
    /// Who answers the server's questions.
    pub fn authenticator(self) -> Authenticator {
        let allows = |method: &str| self.methods.iter().any(|allowed| allowed == method);
        let policy = Policy {
            trust: allows("none"),
            cleartext: allows("password"),
            md5: allows("md5"),
            scram: allows("scram-sha-256"),
            channel_binding: match self.channel_binding {
                "require" => ChannelBinding::Require,
                "disable" => ChannelBinding::Disable,
                _ => ChannelBinding::Prefer,
            },
            ..Policy::default()
        };
        let end_point = self
            .certificate
            .and_then(|certificate| server_end_point(certificate).ok());
        let transport = if self.is_tls {
            Transport::Tls { end_point }
        } else {
            Transport::Plain
        };
        let password = self.password.map(str::as_bytes);
        Authenticator::new(
            policy,
            self.user,
            password,
            transport,
            Nonce::new(self.random),
        )
    }
}

/// Read the one byte that answers the wish for TLS.
pub fn tls(received: &[u8]) -> PyResult<Progress> {
    match tls_answer(received) {
        Ok(None) => Ok(Progress::Wait),
        Ok(Some(answer)) => Ok(Progress::Tls(answer == TlsAnswer::Accepted)),
        Err(error) => Err(ProtocolViolation::new_err(error.to_string())),
    }
}

/// Write the start-up message.
pub fn start(out: &mut BytesMut, parameters: &[(String, String)]) -> PyResult<()> {
    let parameters = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    frontend::startup(out, parameters).map_err(refused)
}

/// Write the answer that needed the key.
pub fn derived(phase: &mut Phase, key: &DerivedPassword, out: &mut BytesMut) -> PyResult<()> {
    match phase {
        Phase::Proving(authenticator) => authenticator.derived(key.0.clone(), out).map_err(denied),
        _ => Err(denied(AuthError::OutOfOrder)),
    }
}

/// Take what the server says until something has to be done or the session is open.
pub fn receive(py: Python<'_>, phase: &mut Phase, session: &mut Session) -> PyResult<Progress> {
    while let Some(message) = next(&mut session.decoder)? {
        match (&mut *phase, message) {
            (_, Message::Error(fields)) => return Err(database_error(py, &fields)),
            (_, Message::Notice(_) | Message::NegotiateProtocolVersion(_)) => {}
            (Phase::Proving(authenticator), Message::Authentication(asked)) => {
                match authenticator
                    .received(&asked, &mut session.out)
                    .map_err(denied)?
                {
                    Step::Wait => {}
                    Step::Derive(derivation) => {
                        return Ok(Progress::Derive(Derivation(derivation)));
                    }
                    Step::Done => *phase = Phase::Greeting,
                }
            }
            (Phase::Greeting, Message::ParameterStatus { name, value }) => {
                if !session.keep(name, value) {
                    return Err(ProtocolViolation::new_err(TOO_MANY_SETTINGS));
                }
            }
            (Phase::Greeting, Message::BackendKeyData { process_id, key }) => {
                session.key = Some((process_id, key));
            }
            (Phase::Greeting, Message::ReadyForQuery(TransactionStatus::Idle)) => {
                *phase = Phase::Open;
                return Ok(Progress::Open);
            }
            _ => {
                return Err(ProtocolViolation::new_err(
                    "a message that has no place in the start-up",
                ));
            }
        }
    }
    Ok(Progress::Wait)
}

fn next(decoder: &mut Decoder) -> PyResult<Option<Message>> {
    decoder
        .next_message()
        .map_err(|error| ProtocolViolation::new_err(error.to_string()))
}

fn denied(error: AuthError) -> PyErr {
    AuthenticationFailed::new_err(error.to_string())
}
