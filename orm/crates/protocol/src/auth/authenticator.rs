//! Answers a server's questions, in their order and as far as the policy allows.

use std::mem;

use bytes::BytesMut;

use super::scram::{Binding, First, Last, Second};
use super::{
    AuthError, ChannelBinding, DerivedKey, KeyDerivation, Method, Nonce, Policy, Transport, md5,
};
use crate::backend::Authentication;
use crate::frontend;

/// What is to be done after a message of the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// The answer, if there is one, was written; the server's next message is waited for.
    Wait,
    /// This has to be run, and given to [`Authenticator::derived`].
    Derive(KeyDerivation),
    /// The client is let in.
    Done,
}

enum State {
    /// The server has not said what it wants.
    Asked,
    /// A password was sent.
    Answered,
    First(First),
    Second(Second),
    Last(Last),
    /// The server has proved that it knows the password.
    Proved,
    /// Nothing more is taken: it is done, or it failed.
    Ended,
}

/// The client's part of an authentication. It answers a server once; after an error it answers nothing.
pub struct Authenticator {
    policy: Policy,
    user: String,
    password: Option<Vec<u8>>,
    transport: Transport,
    nonce: Nonce,
    state: State,
}

impl Authenticator {
    /// Begins an authentication. The nonce is for this one alone.
    #[must_use]
    pub fn new(
        policy: Policy,
        user: &str,
        password: Option<&[u8]>,
        transport: Transport,
        nonce: Nonce,
    ) -> Self {
        let password = password.map(<[u8]>::to_vec);
        Self {
            policy,
            user: user.to_owned(),
            password,
            transport,
            nonce,
            state: State::Asked,
        }
    }

    /// Takes a message of the server and writes the answer to it.
    ///
    /// # Errors
    /// The server asks for what is not allowed, lies, or the answer cannot be sent. Nothing was written.
    pub fn received(
        &mut self,
        message: &Authentication,
        out: &mut BytesMut,
    ) -> Result<Step, AuthError> {
        match (mem::replace(&mut self.state, State::Ended), message) {
            (State::Asked, Authentication::Ok) => self.trusted(),
            (State::Answered | State::Proved, Authentication::Ok) => Ok(Step::Done),
            (State::Asked, Authentication::CleartextPassword) => {
                self.check(Method::Cleartext)?;
                frontend::password(out, self.password()?)?;
                self.wait(State::Answered)
            }
            (State::Asked, Authentication::Md5Password { salt }) => {
                self.check(Method::Md5)?;
                let hashed = md5::hashed(&self.user, self.password()?, *salt);
                frontend::password(out, hashed.as_bytes())?;
                self.wait(State::Answered)
            }
            (State::Asked, Authentication::Sasl { mechanisms }) => {
                let binding = self.binding(mechanisms)?;
                self.password()?;
                let mechanism = binding.mechanism();
                let (first, message) = First::new(self.nonce.clone(), binding);
                frontend::sasl_initial_response(out, mechanism, message.as_bytes())?;
                self.wait(State::First(first))
            }
            (State::First(first), Authentication::SaslContinue { data }) => {
                let (second, derivation) =
                    first.received(data, self.password()?, &self.policy.iterations)?;
                self.state = State::Second(second);
                Ok(Step::Derive(derivation))
            }
            (State::Last(last), Authentication::SaslFinal { data }) => {
                last.received(data)?;
                self.wait(State::Proved)
            }
            (State::Asked, Authentication::Unsupported { code }) => {
                Err(AuthError::Unsupported { code: *code })
            }
            _ => Err(AuthError::OutOfOrder),
        }
    }

    /// Takes the key that [`Step::Derive`] asked for and writes the answer.
    ///
    /// # Errors
    /// No key was asked for, or the answer cannot be sent.
    pub fn derived(&mut self, key: DerivedKey, out: &mut BytesMut) -> Result<(), AuthError> {
        let State::Second(second) = mem::replace(&mut self.state, State::Ended) else {
            return Err(AuthError::OutOfOrder);
        };
        let (last, message) = second.derived(key);
        frontend::sasl_response(out, message.as_bytes())?;
        self.state = State::Last(last);
        Ok(())
    }

    fn wait(&mut self, state: State) -> Result<Step, AuthError> {
        self.state = state;
        Ok(Step::Wait)
    }

    fn trusted(&self) -> Result<Step, AuthError> {
        self.check(Method::Trust).map(|()| Step::Done)
    }

    /// Makes sure that a method other than a bound SCRAM is allowed.
    fn check(&self, method: Method) -> Result<(), AuthError> {
        if !self.policy.allows(method) {
            return Err(AuthError::NotAllowed(method));
        }
        match self.policy.channel_binding {
            ChannelBinding::Require => Err(AuthError::NoChannelBinding),
            ChannelBinding::Prefer | ChannelBinding::Disable => Ok(()),
        }
    }

    fn password(&self) -> Result<&[u8], AuthError> {
        self.password
            .as_deref()
            .filter(|password| !password.is_empty())
            .ok_or(AuthError::NoPassword)
    }

    /// Chooses how SCRAM is bound, by what the server offers, the connection has and the policy wants.
    fn binding(&self, mechanisms: &[Box<str>]) -> Result<Binding, AuthError> {
        let offers = |name: &str| mechanisms.iter().any(|mechanism| **mechanism == *name);
        let (plain, bound) = (offers("SCRAM-SHA-256"), offers("SCRAM-SHA-256-PLUS"));
        if !plain && !bound {
            return Err(AuthError::NoMechanism);
        }
        if !self.policy.allows(Method::Scram) {
            return Err(AuthError::NotAllowed(Method::Scram));
        }
        let end_point = match &self.transport {
            Transport::Plain if bound => return Err(AuthError::BindingWithoutTls),
            Transport::Plain => None,
            Transport::Tls { end_point } => end_point.clone(),
        };
        match (self.policy.channel_binding, end_point) {
            (ChannelBinding::Prefer | ChannelBinding::Require, Some(hash)) if bound => {
                Ok(Binding::EndPoint(hash))
            }
            (ChannelBinding::Require, _) => Err(AuthError::NoChannelBinding),
            (ChannelBinding::Prefer, Some(_)) if plain => Ok(Binding::NotOffered),
            _ if plain => Ok(Binding::No),
            _ => Err(AuthError::NoMechanism),
        }
    }
}
