//! A client that says what a script tells it to, and hears the server out.

use bytes::BytesMut;
use queryengine_protocol::auth::{AuthError, Authenticator, Nonce, Policy, Step, Transport};
use queryengine_protocol::backend::{Decoder, Message, TransactionStatus};
use queryengine_protocol::errors::ErrorFields;
use queryengine_protocol::frontend;

use super::wire::Wire;

/// The password of every user but the one who has none.
pub const PASSWORD: &[u8] = b"correct horse";

/// A connection and what was heard on it.
pub struct Conversation<'a> {
    pub wire: &'a mut dyn Wire,
    decoder: Decoder,
}

/// What a server said in answer to something.
#[derive(Debug, Default)]
pub struct Answer {
    pub messages: Vec<Message>,
    /// The values of each row.
    pub rows: Vec<Vec<Option<Vec<u8>>>>,
}

impl Answer {
    /// The tags of the statements that were done.
    pub fn tags(&self) -> Vec<&str> {
        self.messages.iter().filter_map(tag).collect()
    }

    /// The only error.
    pub fn error(&self) -> &ErrorFields {
        let errors: Vec<_> = self.messages.iter().filter_map(error).collect();
        assert_eq!(errors.len(), 1, "{self:?}");
        errors[0]
    }

    /// The rows as text; the empty text for NULL.
    pub fn texts(&self) -> Vec<Vec<String>> {
        let text =
            |value: &Option<Vec<u8>>| String::from_utf8(value.clone().unwrap_or_default()).unwrap();
        self.rows
            .iter()
            .map(|row| row.iter().map(text).collect())
            .collect()
    }
}

fn tag(message: &Message) -> Option<&str> {
    match message {
        Message::CommandComplete(tag) => Some(tag.as_str()),
        _ => None,
    }
}

fn error(message: &Message) -> Option<&ErrorFields> {
    match message {
        Message::Error(fields) => Some(fields),
        _ => None,
    }
}

impl<'a> Conversation<'a> {
    pub fn new(wire: &'a mut dyn Wire) -> Self {
        Self {
            wire,
            decoder: Decoder::default(),
        }
    }

    /// Sends what `write` writes, in one piece.
    pub fn say<E: std::fmt::Debug>(&mut self, write: impl FnOnce(&mut BytesMut) -> Result<(), E>) {
        let mut out = BytesMut::new();
        write(&mut out).unwrap();
        self.wire.send(&out);
    }

    /// Hears messages up to the first for which `last` holds.
    pub fn until(&mut self, last: impl Fn(&Message) -> bool) -> Answer {
        let mut answer = Answer::default();
        loop {
            let Some(message) = self.decoder.next_message().unwrap() else {
                let bytes = self.wire.receive();
                assert!(!bytes.is_empty(), "the server hung up after {answer:?}");
                self.decoder.feed(&bytes);
                continue;
            };
            if let Message::DataRows(rows) = &message {
                let values = |row: queryengine_protocol::backend::Row<'_>| {
                    row.map(|value| value.map(<[u8]>::to_vec)).collect()
                };
                answer.rows.extend(rows.iter().map(values));
                continue;
            }
            let heard = last(&message);
            answer.messages.push(message);
            if heard {
                return answer;
            }
        }
    }

    /// Hears messages until the server is ready in this state.
    pub fn ready(&mut self, status: TransactionStatus) -> Answer {
        let answer = self.until(|message| matches!(message, Message::ReadyForQuery(_)));
        assert_eq!(
            answer.messages.last(),
            Some(&Message::ReadyForQuery(status))
        );
        answer
    }

    /// Runs a simple query outside of a transaction.
    pub fn query(&mut self, sql: &str) -> Answer {
        self.say(|out| frontend::query(out, sql));
        self.ready(TransactionStatus::Idle)
    }

    /// Starts a session and answers the server's questions; gives what it says after that, or why it is refused.
    pub fn start(
        &mut self,
        user: &str,
        policy: Policy,
        transport: Transport,
    ) -> Result<Answer, AuthError> {
        self.say(|out| {
            frontend::startup(
                out,
                [
                    ("user", user),
                    ("database", "postgres"),
                    ("client_encoding", "UTF8"),
                ],
            )
        });
        let mut authenticator =
            Authenticator::new(policy, user, Some(PASSWORD), transport, Nonce::new([7; 24]));
        loop {
            let heard = self
                .until(|message| matches!(message, Message::Authentication(_) | Message::Error(_)));
            let Some(Message::Authentication(message)) = heard.messages.last() else {
                return Ok(heard);
            };
            let mut out = BytesMut::new();
            match authenticator.received(message, &mut out)? {
                Step::Derive(derivation) => authenticator.derived(derivation.run(), &mut out)?,
                Step::Wait => {}
                Step::Done => {
                    let end = |message: &Message| {
                        matches!(message, Message::ReadyForQuery(_) | Message::Error(_))
                    };
                    return Ok(self.until(end));
                }
            }
            if !out.is_empty() {
                self.wire.send(&out);
            }
        }
    }
}
