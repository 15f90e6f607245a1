//! What has to hold for all bytes that a server can send. A target panics where it does not.

use bytes::{Bytes, BytesMut};
use queryengine_protocol::auth::{
    Authenticator, ChannelBinding, Nonce, Policy, Step, Transport, server_end_point,
};
use queryengine_protocol::backend::{Decoder, Message, tls_answer};
use queryengine_protocol::copy;
use queryengine_protocol::errors::DecodeError;

use crate::memory::most_used;

/// The memory that is granted for each byte that came, and for none.
const PER_BYTE: usize = 32;
const AT_ALL: usize = 256 << 10;

/// Runs every target.
pub fn run(bytes: &[u8]) {
    let used = most_used(|| drop(read([bytes])));
    assert!(
        used <= AT_ALL + PER_BYTE * bytes.len(),
        "{used} bytes in use for {}",
        bytes.len()
    );
    cuts_make_no_difference(bytes);
    nobody_is_let_in(bytes);
    rows_of_a_copy_are_whole(bytes);
    let _ = server_end_point(bytes);
    let _ = tls_answer(bytes);
}

/// What can be told of an answer, whichever way its rows were cut into runs.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Row(Vec<Option<Vec<u8>>>),
    Message(Message),
    Error(DecodeError),
}

/// Reads pieces to their end, or to the first error.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Heard> {
    let mut decoder = Decoder::default();
    let mut heard = Vec::new();
    for piece in pieces {
        // Once by a copy and once in place, by turns.
        if piece.len() % 2 == 0 {
            decoder.feed(piece);
        } else {
            decoder.space(piece.len())[..piece.len()].copy_from_slice(piece);
            assert_eq!(decoder.filled(piece.len()), Ok(()));
        }
        loop {
            match decoder.next_message() {
                Ok(None) => break,
                Ok(Some(Message::DataRows(rows))) => {
                    assert!(rows.len() > 0);
                    for row in rows.iter() {
                        let values: Vec<_> = row.map(|value| value.map(<[u8]>::to_vec)).collect();
                        assert_eq!(values.len(), usize::from(rows.columns()));
                        heard.push(Heard::Row(values));
                    }
                }
                Ok(Some(message)) => heard.push(Heard::Message(message)),
                Err(error) => {
                    assert_eq!(decoder.next_message(), Err(error), "an error is for good");
                    heard.push(Heard::Error(error));
                    return heard;
                }
            }
        }
    }
    heard
}

fn cuts_make_no_difference(bytes: &[u8]) {
    let whole = read([bytes]);
    for piece in [1, 3, 7] {
        assert_eq!(read(bytes.chunks(piece)), whole, "in pieces of {piece}");
    }
}

/// The data of a COPY gives the same rows however it is cut, after the header as well as with it.
fn rows_of_a_copy_are_whole(bytes: &[u8]) {
    let mut header = BytesMut::new();
    copy::header(&mut header);
    for before in [&header[..], &[]] {
        let whole = copied([before, bytes]);
        assert_eq!(copied([before].into_iter().chain(bytes.chunks(3))), whole);
        assert!(whole.0.iter().map(Bytes::len).sum::<usize>() <= bytes.len());
    }
}

/// Reads the data of a COPY to its end, or to the first error, and says whether there was one.
fn copied<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Bytes>, bool, bool) {
    let (mut reader, mut rows) = (copy::Reader::default(), Vec::new());
    for piece in pieces {
        reader.feed(piece);
        loop {
            match reader.next_row() {
                Ok(Some(row)) => rows.push(row),
                Ok(None) => break,
                Err(_) => return (rows, reader.is_ended(), true),
            }
        }
    }
    (rows, reader.is_ended(), false)
}

/// A server that does not know the password is never believed, however its answers are put together.
fn nobody_is_let_in(bytes: &[u8]) {
    for (channel_binding, transport) in [
        (ChannelBinding::Prefer, Transport::Plain),
        (
            ChannelBinding::Prefer,
            Transport::Tls {
                end_point: Some(b"hash"[..].into()),
            },
        ),
        (ChannelBinding::Require, Transport::Tls { end_point: None }),
    ] {
        // The ceiling is low, so that no time goes by in deriving keys.
        let policy = Policy {
            trust: false,
            channel_binding,
            iterations: 1..=4,
            ..Policy::default()
        };
        let mut authenticator = Authenticator::new(
            policy,
            "user",
            Some(b"password"),
            transport,
            Nonce::new([7; 24]),
        );
        let mut out = BytesMut::new();
        for heard in read([bytes]) {
            let Heard::Message(Message::Authentication(message)) = heard else {
                continue;
            };
            let before = out.len();
            match authenticator.received(&message, &mut out) {
                Ok(Step::Wait) => {}
                Ok(Step::Derive(derivation)) => {
                    let answered = authenticator.derived(derivation.run(), &mut out);
                    assert_eq!(answered, Ok(()));
                }
                Ok(Step::Done) => panic!("a server was believed without a proof"),
                Err(_) => assert_eq!(out.len(), before, "something was said with an error"),
            }
        }
    }
}
